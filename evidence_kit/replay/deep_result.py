"""What the replay check found of an item, as a value, as JSON and as findings for the verifier."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypedDict

from evidence_kit.capture.files import SCREENSHOT
from evidence_kit.models import Replayed, ReplayFinding
from evidence_kit.pictures.comparing import Agreement
from evidence_kit.pictures.viewing_copy import Region
from evidence_kit.replay.rendering import Rendered

_ID = re.compile(r"EV-[0-9]{4,15}")
_MOST_LISTED = 20
"""Regions and addresses named one by one."""


class RegionJson(TypedDict):
    """Edges in pixels of the sealed picture."""

    left: int
    top: int
    right: int
    bottom: int


class PictureJson(TypedDict):
    """One sealed picture."""

    path: str
    agreement: float | None
    compared: int
    regions: list[RegionJson]
    more_regions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPicture:
    """One sealed picture of an item, compared."""

    path: str
    """In the item's folder."""
    role: str
    agreement: Agreement

    @property
    def share(self) -> float:
        """Which share of the pixels agrees, from 0 to 1."""
        return agreement_of(self.agreement.differing, self.agreement.pixels) or 0.0

    def to_json(self) -> PictureJson:
        """Return path, measured agreement and the regions that differ."""
        return {
            "path": self.path,
            "agreement": agreement_of(self.agreement.differing, self.agreement.pixels),
            "compared": self.agreement.pixels,
            "regions": [_edges(region) for region in self.agreement.regions],
            "more_regions": self.agreement.more,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReplay:
    """What the replay check found of one item."""

    item: str
    folder: str
    """Where the item lies in what was verified, with a slash at its end; empty for an item or archive alone."""
    reason: str = ""
    """Why nothing was compared, in English."""
    comparable: bool = True
    """Whether that has other reasons than the evidence itself."""
    pictures: tuple[SealedPicture, ...] = ()
    rendered: Rendered = field(default_factory=Rendered)
    recorded_with: str = ""
    """The browser of the capture."""
    cut: bool = False
    """Whether the picture of the whole page does not show all of it, by the item's own account."""
    drawn: tuple[str, ...] = ()
    """Names of the pictures of the differences."""

    @property
    def stem(self) -> str:
        """What names of its pictures begin with: the item's id, for a folder or file may be named after a person."""
        return self.item if _ID.fullmatch(self.item) else "item"

    @property
    def outcome(self) -> Replayed:
        """Whether picture and recorded bytes agree, as far as they were compared."""
        if self.reason:
            return Replayed.NOT_COMPARED if self.comparable else Replayed.NOT_COMPARABLE
        return Replayed.DIFFERS if any(picture.agreement.differing for picture in self.pictures) else Replayed.AGREES

    def findings(self) -> Iterator[ReplayFinding]:
        """Yield one finding for each picture that differs, else one for the item."""
        if self.outcome is not Replayed.DIFFERS:
            detail = self.reason or self._agrees()
            yield ReplayFinding(subject=f"{self.folder}{SCREENSHOT.path}", outcome=self.outcome, detail=detail)
        for picture in self.pictures:
            if picture.agreement.differing:
                detail = _differs(picture.agreement) + self._beside()
                yield ReplayFinding(subject=f"{self.folder}{picture.path}", outcome=Replayed.DIFFERS, detail=detail)

    def to_json(self) -> dict[str, object]:
        """Return everything measured; ``agreement`` is a share from 0 to 1, null when nothing was compared."""
        differing = sum(picture.agreement.differing for picture in self.pictures)
        compared = sum(picture.agreement.pixels for picture in self.pictures)
        account, pictures = self.rendered.account, [picture.to_json() for picture in self.pictures]
        return {
            "item": self.item,
            "outcome": str(self.outcome),
            "reason": self.reason,
            "agreement": agreement_of(differing, compared),
            "compared": compared,
            "regions": [
                {"picture": picture["path"], **region} for picture in pictures for region in picture["regions"]
            ],
            "pictures": pictures,
            "missing": [{"url": url, "times": times} for url, times in account.missing.most_common(_MOST_LISTED)],
            "missing_requests": account.missing.total() + account.unlisted,
            "unreadable_answers": account.unreadable,
            "guessed_answers": account.guessed,
            "websockets_not_played": self.rendered.sockets,
            "recorded_with": self.recorded_with,
            "rendered_with": self.rendered.product,
            "picture": self.drawn[0] if self.drawn else None,
            "drawn": list(self.drawn),
        }

    def _agrees(self) -> str:
        compared = sum(picture.agreement.pixels for picture in self.pictures)
        names = ", ".join(picture.path for picture in self.pictures)
        return f"all of {compared} pixels agree ({names}){self._beside()}"

    def _beside(self) -> str:
        """Return what else has to be known to judge it."""
        account, notes = self.rendered.account, []
        if self.cut:
            notes.append(
                f"{SCREENSHOT.path} was cut short when it was taken, and what it does not show was not compared"
            )
        if missing := account.missing.total() + account.unlisted:
            notes.append(f"the archive had no answer to {missing} requests")
        if account.unreadable:
            notes.append(f"{account.unreadable} answers could not be read")
        if account.guessed:
            notes.append(f"{account.guessed} answers were recorded for a like address")
        if self.rendered.sockets:
            notes.append(f"{self.rendered.sockets} WebSockets were not played")
        if self.recorded_with != self.rendered.product:
            recorded = self.recorded_with or "an unknown browser"
            notes.append(
                f"recorded with {recorded}, rendered with {self.rendered.product}: "
                "so the edges of letters could differ, and small ones be others"
            )
        return "".join(f"; {note}" for note in notes)


def agreement_of(differing: int, compared: int) -> float | None:
    """Return which share of *compared* pixels agrees; None of none. It is 1 only if nothing differs."""
    if not compared:
        return None
    return min(round(1 - differing / compared, 6), 0.999999) if differing else 1.0


def _differs(agreement: Agreement) -> str:
    share = agreement_of(agreement.differing, agreement.pixels)
    shown = ", ".join(
        f"{region.left},{region.top} to {region.right},{region.bottom}" for region in agreement.regions[:_MOST_LISTED]
    )
    count = len(agreement.regions) + agreement.more
    return f"{share:.4%} of {agreement.pixels} pixels agree; they differ in {count} regions: {shown}"


def _edges(region: Region) -> RegionJson:
    return {"left": region.left, "top": region.top, "right": region.right, "bottom": region.bottom}
