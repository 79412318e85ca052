"""Decide from what is known of a control whether it may be clicked. In doubt it is not.

What is refused whatever else is known: everything in a form or with the keys of one, links to another page, toggles
(pressed, checked, selected), menus and what opens them, navigation, what is inside another control (that would hear the
click too), and every word of `never`. What is left is clicked only for a reason: a closed ``<details>``,
``aria-expanded="false"`` (WAI-ARIA 1.2, 6.6.20), words that promise more, or text-like letters at the very place where
a text is cut off.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from evidence_kit.canonical import Json
from evidence_kit.capture.behaviours.words import Words, folded

_ROLES = frozenset({"", "button", "link"})
_TAGS_REFUSED = frozenset({"input", "select", "textarea", "option", "label", "video", "audio"})
_LONGEST_MORE = 80
_LONGEST_CUT = 40
_LONGEST_CLOSE = 40
_CROSSES = frozenset("×✕✖✗✘⨯❌╳xX")
_FARTHEST = 10_000_000
_CONSENT_SHARE, _DIALOG_SHARE, _COVER_SHARE = 4, 10, 30


class Reason(StrEnum):
    """Why a control is clicked, or not."""

    DETAILS = "closed details"
    EXPANDER = "aria-expanded"
    MORE = "words"
    CUT = "cut text"
    REFUSED = "refused"
    UNSURE = "unsure"
    """At the end of a list or of a cut text, but nothing says what it does; or what it is inside of would act too."""
    NONE = "none"

    @property
    def opens(self) -> bool:
        """Whether the control is to be clicked."""
        return self in {Reason.DETAILS, Reason.EXPANDER, Reason.MORE, Reason.CUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What was seen of something that can be clicked (``in_page/controls.js``)."""

    index: int
    """Number under which the page's side remembers the element."""
    tag: str
    type: str = ""
    role: str = ""
    text: str = ""
    label: str = ""
    """``aria-label``, else ``title``."""
    expanded: str = ""
    """``aria-expanded``."""
    popup: str = ""
    """``aria-haspopup``."""
    toggle: bool = False
    disabled: bool = False
    link: str = ""
    """Empty, ``here`` (this document) or ``away``."""
    holds: bool = False
    """Whether other controls are inside it."""
    inside: bool = False
    """Whether it is inside another control, or something else that hears clicks: that would act too."""
    form: bool = False
    place: bool = False
    """Whether it stands in navigation, a menu, a toolbar or something to be edited."""
    details: bool = False
    """Whether it is the summary of a ``<details>`` that is closed."""
    truncated: bool = False
    """Whether it stands where a text is cut off."""
    list: bool = False
    """Whether it stands at the end of a list."""
    plain: bool = False
    """Whether it is set like text."""
    corner: bool = False
    """Whether it is small and in an upper corner of what lies over the page."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Control":
        """Return the control that the page's side tells of."""
        return cls(**{field.name: told[field.name] for field in fields(cls) if field.name in told})

    @property
    def name(self) -> str:
        """What a reader would call it; its label if what stands on it is only a sign."""
        return self.text if folded(self.text) else self.label or self.text


def judge(control: Control, words: Words) -> Reason:
    """Return why *control* is to be opened, or that it is not."""
    reason = _by_itself(control, words)
    return Reason.UNSURE if reason.opens and control.inside else reason


def _by_itself(control: Control, words: Words) -> Reason:
    said = f"{control.text} | {control.label}"
    folds = words.say("less", said) or control.expanded == "true"
    if _refused(control) or control.place or control.form or control.holds or words.say("never", said):
        return Reason.REFUSED
    if control.tag == "summary":
        return Reason.DETAILS if control.details else Reason.NONE
    if folds or words.are("alone", control.name):
        return Reason.REFUSED
    if len(control.name) <= _LONGEST_MORE and words.say("more", control.name):
        return Reason.MORE
    return Reason.EXPANDER if control.expanded == "false" and folded(control.name) else _by_place(control)


def _by_place(control: Control) -> Reason:
    short = 0 < len(control.text) <= _LONGEST_CUT and folded(control.text) != ""
    if control.truncated and control.plain and short:
        return Reason.CUT
    numbered = control.list and re.search(r"\d", control.text) is not None
    return Reason.UNSURE if short and (numbered or control.truncated) else Reason.NONE


def _refused(control: Control) -> bool:
    strange = control.tag in _TAGS_REFUSED or control.role not in _ROLES
    opens_menu = control.popup not in {"", "false"}
    return strange or opens_menu or control.disabled or control.toggle or control.link == "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Something that lies over the page (``in_page/covers.js``)."""

    index: int
    share: int
    """Percent of the view."""
    dialog: bool
    password: bool
    content: bool
    """Whether it holds an article or most of the text: then it is the page."""
    text: str
    selector: str
    box: dict[str, Json]
    controls: Sequence[Control]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Cover":
        """Return the cover that the page's side tells of."""
        rest = {field.name: told[field.name] for field in fields(cls) if field.name not in {"box", "controls"}}
        return cls(**rest, box=whole_box(told["box"]), controls=[Control.of(one) for one in told["controls"]])

    def kind(self, words: Words) -> str:
        """Return ``consent``, ``login``, ``dialogue``, ``cover``, or nothing for what hides too little."""
        if self.share >= _CONSENT_SHARE and not self.password and words.say("consent", self.text):
            return "consent"
        if self.share >= _DIALOG_SHARE and (self.dialog or self.password):
            return "login" if self.password else "dialogue"
        return "cover" if self.share >= _COVER_SHARE else ""


def choose(cover: Cover, words: Words) -> tuple[Control, str] | None:
    """Return the control that declines or closes *cover*, and ``declined`` or ``closed``; never one that accepts."""
    able = [one for one in cover.controls if not _refused(one) and not one.inside]
    able = [one for one in able if not one.form or one.type == "button"]
    if cover.kind(words) == "consent":
        for one in able:
            if words.say("decline", one.name) or (words.say("refuse", one.name) and not words.say("accept", one.name)):
                return one, "declined"
    closers = [one for one in able if _closes(one, words)]
    named = [one for one in closers if one.name]
    return next(((one, "closed") for one in [*named, *closers]), None)


def _closes(control: Control, words: Words) -> bool:
    name = control.name.strip()
    if not name or name in _CROSSES:
        label_fits = not control.label or words.say("close", control.label)
        return label_fits and (control.corner or name in _CROSSES)
    harmful = any(words.say(meaning, f"{control.text} | {control.label}") for meaning in ("accept", "never"))
    return len(name) <= _LONGEST_CLOSE and words.say("close", name) and not harmful


def turns(control: Control, words: Words) -> bool:
    """Return whether *control* brings the next slide of the row it belongs to."""
    said = f"{control.text} | {control.label}"
    return (
        not _refused(control)
        and not control.form
        and not control.inside
        and words.say("next", control.name)
        and not words.say("never", said)
        and len(control.name) <= _LONGEST_CLOSE
    )


def whole(value: object) -> int:
    """Return a layout value as a whole number of CSS pixels; what is no number, or absurd, becomes 0 or the limit."""
    if not isinstance(value, int | float) or value != value:  # noqa: PLR0124  # NaN
        return 0
    return round(max(-_FARTHEST, min(_FARTHEST, value)))


def whole_box(told: Mapping[str, Any]) -> dict[str, Json]:
    """Return ``x``, ``y`` (from the document's upper left corner), ``width`` and ``height`` in whole CSS pixels."""
    return {name: whole(told.get(name)) for name in ("x", "y", "width", "height")}
