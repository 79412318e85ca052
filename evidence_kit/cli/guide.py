"""The dialogue for people who never use a terminal: plain questions about language, officer, case, link and bundle."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evidence_kit.cli.addresses import read_link
from evidence_kit.cli.language import VARIABLE
from evidence_kit.cli.output import say, show_error
from evidence_kit.cli.run import Run
from evidence_kit.cli.setup import Wishes, change_settings, tell_settings
from evidence_kit.display import visible
from evidence_kit.errors import CaseError, SettingsError, SigningError, UsageError
from evidence_kit.texts import Language, Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.settings import Settings

Ask = Callable[[str], str]
"""Shows a question and returns what was typed."""

_Answer = TypeVar("_Answer")
_YES = frozenset({"y", "yes", "т", "тийм", "1"})
_LANGUAGES = {"1": Language.MONGOLIAN, "2": Language.ENGLISH, "mn": Language.MONGOLIAN, "en": Language.ENGLISH}


def converse(run: Run, ask: Ask = input) -> None:
    """Lead from nothing to a capture and a bundle; raises what the steps raise."""
    settings = run.settings()
    if not settings.language and VARIABLE not in run.environ:
        run.texts = Texts.load(_language(run, ask))
    say(run.texts.say("guide.welcome"))
    if settings.officer is None or settings.signing is None:
        say(run.texts.say("guide.setup"))
        settings = _set_up(run, ask)
    custodian = run.custodian(settings, None)
    case = _again(run, lambda: _case(run, custodian, ask))
    _stamp_opening(run, case, settings)
    run.say_practice(practice=custodian.signer.practice)
    _captures(run, case, settings, custodian, ask)
    _bundle(run, case, settings, custodian, ask)
    say(run.texts.say("guide.end", path=case.path))


def _set_up(run: Run, ask: Ask) -> "Settings":
    """Ask until the answers can be used; what was typed before need not be typed again."""
    wishes: Wishes | None = None
    while True:
        wishes = ask_profile(run, ask, wishes)
        try:
            settings, signer = change_settings(run, wishes)
        except (UsageError, SigningError) as error:
            show_error(error, run.texts)
        else:
            tell_settings(run, settings, signer)
            return settings


def ask_profile(run: Run, ask: Ask = input, before: Wishes | None = None) -> Wishes:
    """Ask for everything that `setup` can set; Enter keeps what is known, or what was typed *before*."""
    known = run.settings()
    texts = run.texts

    def field(key: str) -> str:
        present = str(getattr(before, key, None) or getattr(known.officer, key, ""))
        shown = f" [{visible(present)}]" if present else ""
        while True:
            answer = ask(f"{texts.say(f'guide.{key}')}{shown}: ").strip() or present
            if answer:
                return answer

    wishes = Wishes(
        name=field("name"), id=field("id"), role=field("role"), agency=field("agency"), language=texts.language
    )
    match _choice(texts.say("guide.key"), {"1", "2", "3"} | ({""} if known.signing else set()), ask):
        case "1":
            wishes = replace(wishes, practice=True)
        case "2":
            wishes = replace(wishes, p12=_path(_required(ask, texts.say("guide.p12"))))
        case "3":
            library = _path(_required(ask, texts.say("guide.library")))
            token, key = (_required(ask, texts.say(f"guide.{name}")) for name in ("token", "token-key"))
            wishes = replace(wishes, pkcs11=library, token=token, key=key)
    tsa = ask(f"{texts.say('guide.tsa')}: ").strip()
    return replace(wishes, tsa=(tsa,)) if tsa else wishes


def _choice(question: str, answers: set[str], ask: Ask) -> str:
    """Ask until one of *answers* is typed: which key signs is nobody's guess."""
    while True:
        say(question)
        answer = ask("> ").strip()
        if answer in answers:
            return answer


def _language(run: Run, ask: Ask) -> Language:
    say(run.texts.say("guide.language"))
    return _LANGUAGES.get(ask("> ").strip().lower(), run.texts.language)


def _case(run: Run, custodian: "Custodian", ask: Ask) -> "CaseFolder":
    """Open the case in the folder that is named, or make one there."""
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.cli.case import open_case
    from evidence_kit.cli.synced import tell_synced, want_unsynced

    texts = run.texts
    folder = _path(_required(ask, texts.say("guide.case"))).absolute()
    if (folder / "case.json").is_file():
        case = CaseFolder.open(folder)
        tell_synced(run, case)
        say(texts.say("guide.case-found", number=case.info.number, title=case.info.title))
        return case
    want_unsynced(run, folder)
    say(texts.say("guide.case-new", path=folder))
    case = open_case(
        folder,
        custodian,
        number=_required(ask, texts.say("guide.number")),
        title=_required(ask, texts.say("guide.title")),
        legal_basis=ask(f"{texts.say('guide.legal-basis')}: "),
        language=str(texts.language),
    )
    say(texts.say("case.opened", path=case.path))
    return case


def _stamp_opening(run: Run, case: "CaseFolder", settings: "Settings") -> None:
    from evidence_kit.case.stamping import stamp_head
    from evidence_kit.cli.case import tell_unstamped

    tell_unstamped(run.texts, stamp_head(case, run.stamping(settings)))


def _captures(run: Run, case: "CaseFolder", settings: "Settings", custodian: "Custodian", ask: Ask) -> None:
    from evidence_kit.capture.result import CaptureOptions
    from evidence_kit.cli.capture import take_pages

    while text := ask(f"{run.texts.say('guide.link')}: ").strip():
        try:
            link, _ = read_link(text)
        except UsageError as error:
            show_error(error, run.texts)
            continue
        say(run.texts.say("guide.capturing", url=link))
        take_pages(
            run,
            case,
            [link],
            custodian=custodian,
            stamping=run.stamping(settings),
            options=CaptureOptions(time_servers=settings.time_servers),
            tell=True,
        )


def _bundle(run: Run, case: "CaseFolder", settings: "Settings", custodian: "Custodian", ask: Ask) -> None:
    from evidence_kit.cli.bundle import seal, tell_bundle

    if ask(f"{run.texts.say('guide.bundle')} ").strip().lower() not in _YES:
        return
    purpose = ask(f"{run.texts.say('guide.purpose')}: ").strip()

    def make() -> None:
        output = _path(_required(ask, run.texts.say("guide.output"))).absolute()
        made = seal(
            run,
            case,
            output,
            settings=settings,
            custodian=custodian,
            purpose=purpose,
            as_zip=output.suffix.lower() == ".zip",
        )
        tell_bundle(run, made)

    _again(run, make)


def _again(run: Run, step: Callable[[], _Answer]) -> _Answer:
    """Do *step*, and again for as long as what was typed cannot be used."""
    while True:
        try:
            return step()
        except (UsageError, CaseError, SigningError, SettingsError) as error:
            show_error(error, run.texts)


def _required(ask: Ask, question: str) -> str:
    while True:
        answer = ask(f"{question}: ").strip()
        if answer:
            return answer


def _path(text: str) -> Path:
    """Return the path that was typed, or dropped on the window, which puts a pair of quotes around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return Path(text).expanduser()
