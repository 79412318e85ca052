"""``custody transfer`` and ``custody accept``: both sides of a hand-over."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.output import note as say_aside
from evidence_kit.cli.run import Run
from evidence_kit.errors import FormatError, UsageError

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.transfers import Party
    from evidence_kit.trust.certificates import Certificate

_NOBODY = "say to whom: --to NAME --to-role ROLE --to-agency AGENCY, or --return N"


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``custody``."""
    group.command("transfer")(_transfer)
    group.command("accept")(_accept)


def _transfer(  # each is one fact of the hand-over
    ctx: typer.Context,
    items: Annotated[list[str] | None, typer.Argument(metavar="ITEM…", help="option.transfer-items")] = None,
    *,
    purpose: PurposeOption,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="option.to")] = "",
    to_id: Annotated[str, typer.Option("--to-id", metavar="ID", help="option.to-id")] = "",
    to_role: Annotated[str, typer.Option("--to-role", metavar="ROLE", help="option.to-role")] = "",
    to_agency: Annotated[str, typer.Option("--to-agency", metavar="AGENCY", help="option.to-agency")] = "",
    to_certificate: Annotated[
        Path | None, typer.Option("--to-certificate", metavar="FILE.pem", help="option.to-certificate")
    ] = None,
    back: Annotated[int | None, typer.Option("--return", metavar="N", help="option.return")] = None,
    every: Annotated[bool, typer.Option("--all", help="option.all-items")] = False,
    condition: Annotated[str, typer.Option("--condition", metavar="TEXT", help="option.condition")] = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.hand_over import committed_items, release
    from evidence_kit.custody.transfers import Party

    run = Run.of(ctx)
    folder, settings = run.case(case), run.settings()
    if not purpose.strip():
        raise UsageError("--purpose is empty", hint="say why the items are handed over")
    receiver = Party(name=to.strip(), id=to_id.strip(), role=to_role.strip(), agency=to_agency.strip())
    certificate = one_certificate(to_certificate) if to_certificate else None
    chosen = tuple(dict.fromkeys(items or ()))
    if back is not None:
        receiver, chosen = _returned(folder, back, receiver, chosen)
    if certificate is not None:
        receiver = _with_certificate(receiver, certificate)
    if not receiver.name:
        raise UsageError("the hand-over names no receiver", hint=_NOBODY)
    if every:
        chosen = tuple(committed_items(folder.log()))
    if not chosen:
        raise UsageError("the hand-over names no item", hint="name the items, or say --all")
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    committed = release(
        folder, chosen, receiver, custodian, certificate=certificate, condition=condition.strip(), note=note.strip()
    )
    answer_committed(run, folder, committed, command="custody-transfer", json=json)


def _returned(
    case: "CaseFolder", number: int, named: "Party", chosen: tuple[str, ...]
) -> "tuple[Party, tuple[str, ...]]":
    """Return giver and item of the completed hand-over of event *number*, to whom the item now goes back."""
    from evidence_kit.custody.transfers import HandOverState, Party

    given = case.log().transfers.hand_overs.get(number)
    if given is None or given.state is not HandOverState.ACCEPTED:
        raise UsageError(
            f"event {number} is not a hand-over that was accepted", hint="look at: evidence-kit custody log"
        )
    if named.name or chosen:
        raise UsageError("--return says by itself who receives what", hint="leave out --to and the items")
    actor = given.released.actor
    giver = Party(
        name=str(actor["name"]),
        id=str(actor["id"]),
        role=str(actor["role"]),
        agency=str(actor["agency"]),
        certificate=given.released.certificate,
    )
    return giver, (given.item,)


def _with_certificate(receiver: "Party", certificate: "Certificate") -> "Party":
    from evidence_kit.trust.digests import sha256_bytes

    return replace(receiver, name=receiver.name or certificate.subject, certificate=sha256_bytes(certificate.der))


def one_certificate(file: Path) -> "Certificate":
    """Return the first certificate in *file*; raises `UsageError`."""
    from evidence_kit.trust.certificates import read_certificates

    try:
        return read_certificates(file)[0]
    except OSError as error:
        raise UsageError(f"the certificate {file} cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UsageError(f"{file} holds no certificate", hint=error.hint) from error


def _accept(  # each is one fact of the answer
    ctx: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="N…", help="option.accept-numbers")] = None,
    *,
    refuse_them: Annotated[bool, typer.Option("--refuse", help="option.refuse")] = False,
    condition: Annotated[str, typer.Option("--condition", metavar="TEXT", help="option.condition")] = "",
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.hand_over import accept, offered_to, refuse, sound_log

    run = Run.of(ctx)
    folder = run.case(case)
    custodian = run.custodian(run.settings(), passphrase_file, purpose=purpose, authority=authority, place=place)
    hand_overs = offered_to(sound_log(folder), custodian, tuple(dict.fromkeys(numbers or ())))
    if not hand_overs:
        raise UsageError("no hand-over is open that this key may answer", hint="evidence-kit custody log shows them")
    if refuse_them:
        if not note.strip():
            raise UsageError("--refuse needs a reason", hint="say why with --note TEXT")
        committed = refuse(folder, hand_overs, custodian, note=note.strip())
        answer_committed(run, folder, committed, command="custody-accept", json=json)
        return
    done = accept(folder, hand_overs, custodian, condition=condition.strip(), note=note.strip())
    altered = [answer.found for answer in done if not answer.accepted]
    for found in altered:
        say_aside(run.texts.say("hand-over.differs", item=found.item, files=", ".join(found.wrong)))
    committed = [answer.committed for answer in done]
    answer_committed(run, folder, committed, command="custody-accept", json=json, code=3 if altered else 0)
