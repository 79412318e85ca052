"""``custody receipt``: a page to hand out, and reading one back for ``verify --receipt``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.options import CaseOption, JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, say
from evidence_kit.cli.run import Run
from evidence_kit.errors import FormatError, UsageError

if TYPE_CHECKING:
    from evidence_kit.custody.receipts import Receipt

_LARGEST = 8 * 1024 * 1024


def register(group: typer.Typer) -> None:
    """Add the command to the group ``custody``."""
    group.command("receipt")(_receipt)


def _receipt(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="option.item")],
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE.pdf", help="option.receipt-output")] = None,
    note_text: Annotated[str, typer.Option("--note", metavar="TEXT", help="option.note")] = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.bundle.issuing import issue_receipt

    run = Run.of(ctx)
    settings = run.settings()
    folder = run.case(case)
    custodian = run.custodian(settings, passphrase_file)
    issued = issue_receipt(
        folder, item, custodian=custodian, stamping=run.stamping(settings), output=output, note=note_text
    )
    receipt = issued.receipt
    if json:
        document: dict[str, Json] = {
            "schema": "evidence-kit/custody-receipt/1",
            "practice": custodian.signer.practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
            "receipt": {
                "item": receipt.item,
                "manifest_sha256": receipt.manifest.hex if receipt.manifest else None,
                "head": str(receipt.head),
                "seq": receipt.seq,
                "code": receipt.code(),
            },
            "text": issued.text,
            "output": str(output) if output else None,
            "event": issued.event,
            "problems": pending(issued.unstamped),
        }
        emit(document)
    else:
        # The receipt itself says that a key is a practice one.
        run.say_practice(practice=False)
        say(issued.text)
        say()
        if output:
            say(run.texts.say("receipt.written", path=output))
        say(run.texts.say("receipt.recorded-as", seq=issued.event))
        tell_unstamped(run.texts, issued.unstamped)
    raise typer.Exit(4 if issued.unstamped else 0)


def given_receipt(value: str) -> "Receipt":
    """Return the receipt in the file *value*, a PDF or text, or in *value* itself; raises `UsageError`."""
    from evidence_kit.custody.receipts import read_receipt
    from evidence_kit.plain import read_at_most

    try:
        path = Path(value)
        data = read_at_most(path, _LARGEST) if path.is_file() else os.fsencode(value)
    except FormatError as error:
        raise UsageError(f"{error}: it is no receipt of ours", hint="give the receipt's PDF or text") from error
    except (OSError, ValueError):
        data = os.fsencode(value)  # typed rows are no name of a file, on some systems not even a possible one
    # In a PDF the code stands in the metadata, which is not compressed.
    return read_receipt(data.decode("latin-1" if data.startswith(b"%PDF-") else "utf-8", errors="replace"))
