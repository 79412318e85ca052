"""``witness``: the relay that another body runs, and the certificate by which installations know each other."""

import platform
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.options import JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import RecorderKind

if TYPE_CHECKING:
    from evidence_kit.trust.certificates import Certificate
    from evidence_kit.wire.witness.channel import WitnessPlace

_PORT = 8443


def register(root: typer.Typer) -> None:
    """Add the group and its commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("serve")(_serve)
    group.command("certificate")(_certificate)
    root.add_typer(group, name="witness")


def _serve(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="option.witness-folder")],
    *,
    client: Annotated[list[Path], typer.Option("--client", metavar="FILE", help="option.client")],
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="option.host")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="option.witness-port")] = _PORT,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="option.allow-private")] = False,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    import asyncio

    from evidence_kit.case.held import held
    from evidence_kit.witness.journal import Journal
    from evidence_kit.witness.server import WitnessOptions, WitnessServer
    from evidence_kit.witness.sessions import Sessions

    run = Run.of(ctx)
    settings = run.settings()
    clients = [certificate for file in client for certificate in _read(file)]
    custodian = run.custodian(settings, passphrase_file)
    options = WitnessOptions(
        host=host,
        port=port,
        key=_own_key(run)[0],
        clients=b"".join(certificate.pem() for certificate in clients),
        fingerprints=frozenset(certificate.fingerprint for certificate in clients),
        allow_private=allow_private,
        tsa=settings.tsa,
    )

    def listening(journal: Journal, address: str, number: int) -> None:
        shown = f"https://[{address}]:{number}" if ":" in address else f"https://{address}:{number}"
        practice = custodian.signer.practice
        if json:
            head = str(journal.head)
            trust = run.signer_trust()
            document: dict[str, Json] = {"practice": practice, "signer_trust": trust, "url": shown, "head": head}
            emit({"schema": "evidence-kit/witness-serve/1", **document})
            return
        run.say_practice(practice=practice)
        say(run.texts.say("witness.serving", url=shown))
        say(rows([(run.texts.say("witness.signer"), visible(custodian.signer.certificate.subject))]))
        say(rows([(run.texts.say("witness.client"), visible(each.subject)) for each in clients]))
        say(run.texts.say("witness.stop"))

    folder.mkdir(parents=True, exist_ok=True)
    # Held before it is opened: what another one is just writing would be taken for torn.
    with held(folder / "lock"):
        journal = Journal(folder, custodian.signer, run.clock)
        sessions = Sessions(journal, custodian.officer, run.clock)
        server = WitnessServer(options, sessions, run.clock, on_step=run.progress())
        asyncio.run(server.serve(partial(listening, journal)))


def _certificate(
    ctx: typer.Context,
    *,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="option.certificate-output")],
    json: JsonOption = False,
) -> None:
    run = Run.of(ctx)
    _, certificate = _own_key(run)
    try:
        with output.open("xb") as stream:
            stream.write(certificate.pem())
    except FileExistsError as error:
        raise CaseError(f"{output} is there already", hint="name a file that is not there yet") from error
    if json:
        document = {"schema": "evidence-kit/witness-certificate/1", "output": str(output)}
        emit({**document, "certificate_sha256": certificate.fingerprint})
    else:
        say(run.texts.say("witness.certificate", path=visible(str(output))))
        say(rows([("SHA-256", certificate.fingerprint)]))


def the_witness(run: Run, url: str | None, trust: Path | None, recorder: RecorderKind) -> "WitnessPlace | None":
    """Return the witness at *url*, known by the certificates in *trust*; None without a URL. Raises `UsageError`."""
    from evidence_kit.wire.witness.sessions import read_place

    if url is None:
        return None
    if recorder is RecorderKind.BROWSER:
        raise UsageError("a witness needs the recorder on the wire", hint="leave out --recorder browser, or --witness")
    if trust is None:
        hint = "say: --witness-trust FILE, with the certificate that whoever runs the witness gave you"
        raise UsageError("how the witness is to be known was not said", hint=hint)
    key, _ = _own_key(run)
    try:
        return read_place(url, key=key, trusted=b"".join(each.pem() for each in _read(trust)))
    except FormatError as error:
        raise UsageError(str(error), hint=error.hint) from error


def _own_key(run: Run) -> "tuple[Path, Certificate]":
    from evidence_kit.trust.channel_key import channel_key

    path = run.settings().home / "channel.pem"
    return path, channel_key(path, f"evidence_kit channel {platform.node()}", now=run.clock())


def _read(file: Path) -> "tuple[Certificate, ...]":
    from evidence_kit.trust.certificates import read_certificates

    try:
        return read_certificates(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UsageError(f"{file} holds no certificate", hint=error.hint) from error
