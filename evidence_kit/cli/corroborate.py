"""``corroborate``: compare what somebody handed over with a capture of ours, and keep the list of what was found."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.items import item_text
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    KeyOption,
    KeyPassphraseOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.output import emit, say
from evidence_kit.cli.run import Run
from evidence_kit.display import shorten, visible
from evidence_kit.errors import FormatError
from evidence_kit.models import Status
from evidence_kit.texts import Texts

_SHOWN = 40
"""Comparisons that are said; the file has all."""
_TEXT = 60


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("corroborate")(_corroborate)


def _corroborate(
    ctx: typer.Context,
    supplied: Annotated[str, typer.Argument(metavar="SUPPLIED", help="option.corroborate-supplied")],
    captured: Annotated[str, typer.Argument(metavar="CAPTURED", help="option.corroborate-captured")],
    *,
    note_text: NoteOption = "",
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.opened import OpenItems
    from evidence_kit.derive.corroborating import corroborate

    run = Run.of(ctx)
    settings = run.settings()
    folder = run.case(case)
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    with OpenItems(folder.path / "items", identities(run, key, key_passphrase_file)) as opened:
        done = corroborate(
            folder,
            supplied,
            captured,
            custodian=custodian,
            stamping=run.stamping(settings),
            opened=opened,
            reader=shutil.which("tesseract"),
            note=note_text,
            on_step=run.progress(),
        )
    item, found = done.taken, done.document
    if json:
        document: dict[str, Json] = {
            "schema": "evidence-kit/corroborate/1",
            "practice": custodian.signer.practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
            "items": [{**item.answer, "corroboration": found}],
            "problems": pending([*item.unstamped]),
        }
        emit(document)
    else:
        run.say_practice(practice=custodian.signer.practice)
        say(item_text(run.texts, item.answer, brief=True))
        say_corroboration(run.texts, found)
        tell_unstamped(run.texts, [*item.unstamped])
    raise typer.Exit(0 if item.status is Status.COMPLETE and not item.unstamped else 4)


def corroboration_of(folder: Path) -> Json:
    """Return what ``corroboration.json`` of the item in *folder* holds; None where it cannot be read."""
    from evidence_kit import canonical
    from evidence_kit.plain import read_plain

    try:
        return canonical.parse(read_plain(folder / "corroboration.json"))
    except (OSError, FormatError):
        return None


def say_corroboration(texts: Texts, found: Json) -> None:
    """Say agreements and disagreements, one a line, and what could not be compared; never a sum of them."""
    if not isinstance(found, dict):
        return
    comparisons = _objects(found.get("comparisons"))
    say(texts.say("corroborate.heading"))
    for each in comparisons[:_SHOWN]:
        say(f"  {_line(texts, each)}")
    if len(comparisons) > _SHOWN:
        say(f"  {texts.say('corroborate.more', count=len(comparisons) - _SHOWN)}")
    left = _objects(found.get("not_compared"))
    if left:
        say(texts.say("corroborate.not-compared"))
    for each in left:
        files = " ".join(str(each.get(key)) for key in ("supplied", "captured") if each.get(key))
        reason = texts.word("not-compared", str(each.get("code")))
        say(f"  - {': '.join(filter(None, (visible(files), reason)))} ({visible(str(each.get('detail')))})")
    say(texts.say("corroborate.no-sum"))


def _line(texts: Texts, each: dict[str, Json]) -> str:
    kind = texts.word("compared-kind", str(each.get("kind")))
    outcome = texts.word("compared-outcome", str(each.get("outcome")))
    value = each.get("value")
    measure = f" {texts.word('measure', str(each.get('measure')))} {value / 1000:.2f}" if isinstance(value, int) else ""
    places = " | ".join(_place(each.get(side)) for side in ("supplied", "captured"))
    return f"{kind}: {outcome}{measure}: {places}"


def _place(place: Json) -> str:
    return " ".join(_parts(place)) if isinstance(place, dict) else "–"


def _parts(place: dict[str, Json]) -> Iterator[str]:
    yield visible(str(place.get("file")))
    for key, mark in (("region", "@"), ("offset", "+"), ("pointer", "")):
        value = place.get(key)
        if isinstance(value, list):
            yield mark + ",".join(map(str, value))
        elif value is not None:
            yield f"{mark}{visible(str(value))}"
    if text := place.get("text"):
        yield f"“{shorten(str(text), _TEXT)}”"


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []
