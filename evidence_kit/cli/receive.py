"""``receive``: files from a phone into the case, over the local network and through the phone's own browser."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.completing import complete_interrupted
from evidence_kit.cli.hash_lists import read_lists
from evidence_kit.cli.items import item_text
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    ConsentOption,
    DeviceOption,
    HashListOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    ProvidedByOption,
    PurposeOption,
    SensitiveOption,
    StatementOption,
    SubjectsOption,
)
from evidence_kit.cli.output import emit, note, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.subjects import named_subjects
from evidence_kit.cli.supplied import duplicates_of, tell_duplicates
from evidence_kit.errors import SettingsError, UsageError
from evidence_kit.models import Status

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.taking import TakenItem
    from evidence_kit.intake.arrivals import Arrivals, Ended
    from evidence_kit.intake.receiving.server import Terms

_MOST_BYTES = 50_000_000_000
_WAY = "received over the local network by browser"


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("receive")(_receive)


def _receive(
    ctx: typer.Context,
    *,
    provided_by: ProvidedByOption = "",
    device: DeviceOption = "",
    way: Annotated[str, typer.Option("--way", metavar="TEXT", help="option.way")] = _WAY,
    statement: StatementOption = "",
    consent: ConsentOption = "",
    sensitive: SensitiveOption = False,
    hash_list: HashListOption = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="option.receive-host")] = "",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="option.witness-port")] = 0,
    minutes: Annotated[int, typer.Option("--minutes", metavar="N", min=1, max=1440, help="option.minutes")] = 15,
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", metavar="N", min=1, help="option.receive-max-bytes")
    ] = _MOST_BYTES,
    note_text: NoteOption = "",
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    subject: SubjectsOption = None,
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.supply import Circumstances
    from evidence_kit.intake.receiving.addresses import listening
    from evidence_kit.intake.receiving.server import Terms, one_time_word
    from evidence_kit.intake.receiving.taking import receive_supplied
    from evidence_kit.intake.taking import Wishes

    run = Run.of(ctx)
    settings = run.settings()
    subjects = named_subjects(subject)
    folder = run.case(case)
    lists = read_lists((*settings.hash_lists, *(hash_list or ())))
    page = _page()
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    stamping = run.stamping(settings)
    with listening(host or _host(run), port) as bound:
        completed = complete_interrupted(run, folder, custodian, stamping, tell=not json)
        if not json:
            run.say_practice(practice=custodian.signer.practice)
        circumstances = Circumstances(
            provided_by=provided_by.strip(),
            received=run.clock(),
            device=device.strip(),
            way=way.strip(),
            statement=statement.strip(),
            consent=consent.strip(),
        )
        terms = Terms(
            bound=bound,
            word=one_time_word(),
            page=page,
            clock=run.clock,
            idle_seconds=minutes * 60,
            max_bytes=max_bytes,
            practice=custodian.signer.practice,
        )
        receiving = _Receiving(run, terms, minutes)
        item = receive_supplied(
            folder,
            receiving,
            custodian=custodian,
            stamping=stamping,
            wishes=Wishes(circumstances=circumstances, sensitive=sensitive, note=note_text),
            lists=lists,
            subjects=subjects,
            on_step=run.progress(),
        )
    document: dict[str, Json] = {"schema": "evidence-kit/receive/1", "practice": custodian.signer.practice}
    document["completed"] = [each.answer for each in completed]
    _answer(run, folder, item, document, receiving.words, json=json)
    if item is None:
        raise typer.Exit(1)
    raise typer.Exit(4 if item.status is not Status.COMPLETE or item.unstamped or completed else 0)


class _Receiving:
    """Lets the files come, and says to the officer what he has to know meanwhile."""

    def __init__(self, run: Run, terms: "Terms", minutes: int) -> None:
        """Know where it listens."""
        self.run, self.terms, self.minutes = run, terms, minutes
        self.words: dict[str, str] = {}
        """By language; empty when nothing came."""

    def __call__(self, arrivals: "Arrivals") -> "Ended":
        """Serve the phone until it has ended; say the words at once, for the phone shows them now."""
        from evidence_kit.intake.receiving.server import receive
        from evidence_kit.intake.receiving.words import words

        ended = receive(arrivals, self.terms, on_open=self._tell, on_step=self.run.progress())
        texts = self.run.texts
        if arrivals.originals:
            digests = [original.sha256 for original in arrivals.originals]
            self.words = {language: words(digests, language) for language in ("mn", "en")}
            note(texts.say("receive.words"))
            for spoken in self.words.values():
                note(f"    {spoken}")
            note(texts.say("receive.differ"))
            if ended.interrupted:
                note(texts.say("receive.interrupted"))
        return ended

    def _tell(self) -> None:
        from evidence_kit.bundle.codes import squares
        from evidence_kit.cli.qr_code import qr_lines

        # With --json, too, somebody has to see the code: it is no part of the result.
        coloured = sys.stderr.isatty() and _knows_colours(self.run.environ)
        for line in qr_lines(squares(self.terms.url), coloured=coloured):
            note(line)
        texts = self.run.texts
        note(texts.say("receive.link", url=self.terms.url))
        for key in ("how", "network", "once"):
            note(texts.say(f"receive.{key}"))
        note(texts.say("receive.ends", minutes=self.minutes))


def _answer(  # what came, and how it is said
    run: Run,
    folder: "CaseFolder",
    item: "TakenItem | None",
    document: dict[str, Json],
    words: Mapping[str, str],
    *,
    json: bool,
) -> None:
    same = duplicates_of(folder).get(item.id, []) if item else []
    if json:
        document["signer_trust"] = run.signer_trust()
        document["case"] = describe_case(folder)
        document["items"] = [{**item.answer, "duplicates": same}] if item else []
        document["words"] = {**words}
        document["problems"] = pending(item.unstamped) if item else []
        emit(document)
    elif item is None:
        say(run.texts.say("receive.nothing"))
    else:
        say(item_text(run.texts, item.answer, brief=True))
        say(run.texts.say(f"import.{item.status}"))
        tell_duplicates(run.texts, same)
        tell_unstamped(run.texts, item.unstamped)


def _page() -> bytes:
    """Return the page for the phone; raises `SettingsError`."""
    from evidence_kit.resources import built_receive_page

    page = built_receive_page()
    if not page.is_file():
        raise SettingsError("the page for the phone is missing", hint="in a checkout run: make web")
    return page.read_bytes()


def _host(run: Run) -> str:
    """Return the likeliest address in the local network; raises `UsageError` when there is none."""
    from evidence_kit.intake.receiving.addresses import local_addresses

    found = local_addresses()
    if not found:
        raise UsageError(
            "this machine has no address in a local network",
            hint="connect it to the phone's hotspot, or name its address with --host",
        )
    if len(found) > 1:
        note(run.texts.say("receive.others", addresses=", ".join(found[1:])))
    return found[0]


def _knows_colours(environ: Mapping[str, str]) -> bool:
    """Whether the terminal takes escape sequences: the older one of Windows prints them."""
    return sys.platform != "win32" or "WT_SESSION" in environ
