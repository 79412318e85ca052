"""``custody key list``, ``add`` and ``revoke``: whose keys sign in the log of a case."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, signed_for_practice
from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.custody_transfer import one_certificate
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.output import emit, say, table
from evidence_kit.cli.run import Run
from evidence_kit.display import shorten
from evidence_kit.errors import UsageError
from evidence_kit.models import Digest, utc_text

if TYPE_CHECKING:
    from evidence_kit.custody.chain import LogFindings

_SHORTEST = 8
_COLUMNS = ("certificate", "subject", "since", "state")
_NAME = 40


class Reason(StrEnum):
    """Why a key is not to be believed any more."""

    LOST = "lost"
    STOLEN = "stolen"
    REPLACED = "replaced"
    LEFT = "left"
    """Its officer does not work on the case any more."""


def register(group: typer.Typer) -> None:
    """Add the group and its commands to the group ``custody``."""
    keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    keys.command("list")(_list)
    keys.command("add")(_add)
    keys.command("revoke")(_revoke)
    group.add_typer(keys, name="key")


def _list(ctx: typer.Context, *, case: CaseOption = None, json: JsonOption = False) -> None:
    run = Run.of(ctx)
    folder = run.case(case)
    log = folder.log()
    practice = signed_for_practice(log.full_events())
    if json:
        keys: list[Json] = [*_keys(log)]
        document: dict[str, Json] = {"schema": "evidence-kit/custody-key-list/1", "practice": practice}
        document["signer_trust"] = run.signer_trust()
        emit({**document, "case": describe_case(folder), "keys": keys})
        return
    run.say_practice(practice=practice)
    header = [run.texts.say(f"keys.column-{name}") for name in _COLUMNS]
    lines = [
        [
            str(key["certificate"]).removeprefix("sha256:")[:16],
            shorten(str(key["subject"] or ""), _NAME),
            str(key["since"]),
            run.texts.say("keys.revoked", seq=key["revoked"]) if key["revoked"] else run.texts.say("keys.valid"),
        ]
        for key in _keys(log)
    ]
    say(table(header, lines))


def _keys(log: "LogFindings") -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for key, since in log.keys.since.items():
        certificate, revocation = log.certificates.get(key.hex), log.keys.revoked.get(key)
        found.append(
            {
                "certificate": str(key),
                "subject": certificate.subject if certificate else None,
                "since": since,
                "revoked": revocation.seq if revocation else None,
                "lost": utc_text(revocation.lost) if revocation else None,
                "reason": revocation.reason if revocation else None,
            }
        )
    return found


def _add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.pem", help="option.key-file")],
    *,
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.hand_over import sound_log
    from evidence_kit.case.key_book import register_key
    from evidence_kit.trust.digests import sha256_bytes

    run = Run.of(ctx)
    folder = run.case(case)
    certificate = one_certificate(file)
    custodian = run.custodian(run.settings(), passphrase_file, purpose=purpose, authority=authority, place=place)
    log = sound_log(folder)
    own = custodian.signer.certificate
    replaces = sha256_bytes(own.der) if own.x509.subject == certificate.x509.subject else None
    committed = register_key(folder, certificate, custodian, replaces=replaces, after=log.head)
    answer_committed(run, folder, [committed], command="custody-key-add", json=json)


def _revoke(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="SHA-256", help="option.key-digest")],
    *,
    reason: Annotated[Reason, typer.Option("--reason", help="option.key-reason")],
    lost: Annotated[str, typer.Option("--lost", metavar="TIME", help="option.key-lost")] = "",
    last_good: Annotated[int | None, typer.Option("--last-good", metavar="N", help="option.last-good")] = None,
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.hand_over import sound_log
    from evidence_kit.case.key_book import revoke_key

    run = Run.of(ctx)
    folder = run.case(case)
    custodian = run.custodian(run.settings(), passphrase_file, purpose=purpose, authority=authority, place=place)
    log = sound_log(folder)
    committed = revoke_key(
        folder,
        _named(log, digest),
        custodian,
        log=log,
        reason=str(reason),
        lost=_moment(lost, custodian.clock()),
        last_good=last_good,
        note=note.strip(),
    )
    answer_committed(run, folder, committed, command="custody-key-revoke", json=json)


def _named(log: "LogFindings", digest: str) -> Digest:
    """Return the registered key whose certificate's digest begins with *digest*; raises `UsageError`."""
    wanted = digest.lower().removeprefix("sha256:")
    found = [key for key in log.keys.since if len(wanted) >= _SHORTEST and key.hex.startswith(wanted)]
    if len(found) != 1:
        raise UsageError(
            f"not the digest of exactly one key of this log: {shorten(digest)}",
            hint="evidence-kit custody key list shows them; 8 digits or more",
        )
    return found[0]


def _moment(text: str, now: datetime) -> datetime:
    """Return the moment *text* names, *now* if it is empty; raises `UsageError`."""
    if not text:
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment > now:
        raise UsageError(
            f"not a time in the past with its zone: {shorten(text)}", hint="write it like 2026-11-22T14:05:00+08:00"
        )
    return moment
