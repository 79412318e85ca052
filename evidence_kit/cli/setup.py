"""``setup``: the officer, the key that signs, the time-stamping authorities, the trusted roots, the language."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.addresses import read_authority
from evidence_kit.cli.options import HashListOption, JsonOption, PassphraseOption
from evidence_kit.cli.output import emit, is_dialogue, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.models import Officer, utc_text
from evidence_kit.texts import Language

if TYPE_CHECKING:
    from evidence_kit.settings import Settings, SigningSource
    from evidence_kit.trust.certificates import Certificate
    from evidence_kit.trust.keys import Signer

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What `setup` was asked to change; None and empty mean: leave it as it is."""

    name: str | None = None
    id: str | None = None
    role: str | None = None
    agency: str | None = None
    practice: bool = False
    p12: Path | None = None
    pem: tuple[Path, Path] | None = None
    pkcs11: Path | None = None
    token: str = ""
    key: str = ""
    chain: Path | None = None
    tsa: tuple[str, ...] = ()
    no_tsa: bool = False
    time_servers: tuple[str, ...] = ()
    no_time_server: bool = False
    revocation: bool | None = None
    may_seal: bool | None = None
    hash_lists: tuple[Path, ...] = ()
    no_hash_list: bool = False
    trust: tuple[Path, ...] = ()
    language: Language | None = None
    passphrase_file: Path | None = None


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("setup")(_setup)


def _setup(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="option.name")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="option.id")] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="option.role")] = None,
    agency: Annotated[str | None, typer.Option("--agency", metavar="AGENCY", help="option.agency")] = None,
    practice: Annotated[bool, typer.Option("--practice", help="option.practice")] = False,
    p12: Annotated[Path | None, typer.Option("--p12", metavar="FILE", help="option.p12")] = None,
    pem: Annotated[tuple[Path, Path] | None, typer.Option("--pem", metavar="KEY CERT", help="option.pem")] = None,
    pkcs11: Annotated[Path | None, typer.Option("--pkcs11", metavar="LIB", help="option.pkcs11")] = None,
    token: Annotated[str, typer.Option("--token", metavar="LABEL", help="option.token")] = "",
    key: Annotated[str, typer.Option("--key", metavar="LABEL", help="option.key")] = "",
    chain: Annotated[Path | None, typer.Option("--chain", metavar="FILE.pem", help="option.chain")] = None,
    tsa: Annotated[list[str] | None, typer.Option("--tsa", metavar="URL", help="option.tsa")] = None,
    no_tsa: Annotated[bool, typer.Option("--no-tsa", help="option.no-tsa")] = False,
    time_server: Annotated[
        list[str] | None, typer.Option("--time-server", metavar="HOST[:PORT]", help="option.time-server")
    ] = None,
    no_time_server: Annotated[bool, typer.Option("--no-time-server", help="option.no-time-server")] = False,
    revocation: Annotated[
        bool | None, typer.Option("--revocation/--no-revocation", help="option.revocation", show_default=False)
    ] = None,
    may_seal: Annotated[
        bool | None, typer.Option("--may-seal/--may-not-seal", help="option.may-seal", show_default=False)
    ] = None,
    hash_list: HashListOption = None,
    no_hash_list: Annotated[bool, typer.Option("--no-hash-list", help="option.no-hash-list")] = False,
    trust: Annotated[list[Path] | None, typer.Option("--trust", metavar="FILE", help="option.trust")] = None,
    language: Annotated[Language | None, typer.Option("--language", help="option.language")] = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    run = Run.of(ctx)
    wishes = Wishes(
        name=name,
        id=id_,
        role=role,
        agency=agency,
        practice=practice,
        p12=p12,
        pem=pem,
        pkcs11=pkcs11,
        token=token,
        key=key,
        chain=chain,
        tsa=tuple(tsa or ()),
        no_tsa=no_tsa,
        time_servers=tuple(time_server or ()),
        no_time_server=no_time_server,
        revocation=revocation,
        may_seal=may_seal,
        hash_lists=tuple(hash_list or ()),
        no_hash_list=no_hash_list,
        trust=tuple(trust or ()),
        language=language,
        passphrase_file=passphrase_file,
    )
    if wishes == Wishes(passphrase_file=passphrase_file) and not json and is_dialogue():
        from evidence_kit.cli.guide import ask_profile

        wishes = ask_profile(run)
    settings, signer = change_settings(run, wishes)
    if json:
        emit({**_describe(settings, signer), "signer_trust": run.signer_trust()})
    else:
        tell_settings(run, settings, signer)


def change_settings(run: Run, wishes: Wishes) -> "tuple[Settings, Signer | None]":
    """Change the settings as wished, write them if anything was wished, and return them with the key if it was opened.

    Raises `UsageError`, `SettingsError`, and `SigningError` for a key that does not open.
    """
    from evidence_kit.settings import add_practice_key, add_trusted_roots, save_settings

    settings = before = run.settings()
    settings = replace(settings, officer=_officer(wishes, settings.officer), tsa=_authorities(wishes, settings.tsa))
    settings = replace(settings, time_servers=_time_servers(wishes, settings.time_servers))
    if wishes.revocation is not None:
        settings = replace(settings, revocation=wishes.revocation)
    if wishes.may_seal is not None:
        settings = replace(settings, may_seal=wishes.may_seal)
    settings = replace(settings, hash_lists=_hash_lists(wishes, settings.hash_lists))
    settings = replace(settings, language=str(wishes.language or settings.language))
    signing = _signing(wishes)
    practice = signing is None and settings.signing is not None and settings.signing.kind == "practice"
    if wishes.practice or (practice and settings.officer != before.officer):
        settings = add_practice_key(settings, settings.the_officer(), now=run.clock())
    elif signing is not None:
        settings = replace(settings, signing=signing)
    chosen = wishes.practice or signing is not None
    signer = run.signer(settings, wishes.passphrase_file) if chosen or practice else None
    if signer is not None and signing is not None:
        signer.sign(b"evidence-kit setup")  # a token holds keys and certificates apart: see that these two belong
    for file in wishes.trust:
        try:
            add_trusted_roots(settings, file)
        except FormatError as error:
            raise UsageError(f"{file} holds no certificate", hint=error.hint) from error
    if settings != before:
        save_settings(settings)
    return settings, signer


def _officer(wishes: Wishes, known: Officer | None) -> Officer | None:
    given = {key: value for key in ("name", "id", "role", "agency") if (value := getattr(wishes, key)) is not None}
    if not given:
        return known
    fields = {**(known.to_json() if known else {}), **given}
    missing = [f"--{key}" for key in ("name", "id", "role", "agency") if not str(fields.get(key) or "").strip()]
    if missing:
        raise UsageError(f"the officer is not fully described: {', '.join(missing)} missing")
    for key, value in given.items():
        if visible(value) != value:
            raise UsageError(f"--{key} holds characters that cannot be printed: {visible(value)}")
    return Officer(**{key: str(value).strip() for key, value in fields.items()})


def _authorities(wishes: Wishes, known: tuple[str, ...]) -> tuple[str, ...]:
    if wishes.tsa and wishes.no_tsa:
        raise UsageError("--tsa and --no-tsa exclude each other")
    return () if wishes.no_tsa else tuple(read_authority(url) for url in wishes.tsa) or known


def _time_servers(wishes: Wishes, known: tuple[str, ...]) -> tuple[str, ...]:
    if wishes.time_servers and wishes.no_time_server:
        raise UsageError("--time-server and --no-time-server exclude each other")
    for server in wishes.time_servers:
        if not _HOST.fullmatch(server):
            raise UsageError(f"--time-server is not a host or HOST:PORT: {visible(server)}")
    return () if wishes.no_time_server else wishes.time_servers or known


def _hash_lists(wishes: Wishes, known: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the lists, each read once, so that one that is refused is refused now."""
    from evidence_kit.cli.hash_lists import read_lists

    if wishes.hash_lists and wishes.no_hash_list:
        raise UsageError("--hash-list and --no-hash-list exclude each other")
    read_lists(wishes.hash_lists)
    return () if wishes.no_hash_list else tuple(path.absolute() for path in wishes.hash_lists) or known


def _signing(wishes: Wishes) -> "SigningSource | None":
    from evidence_kit.settings import SigningSource

    if sum((wishes.practice, wishes.p12 is not None, wishes.pem is not None, wishes.pkcs11 is not None)) > 1:
        raise UsageError("--practice, --p12, --pem and --pkcs11 exclude each other")
    place = (bool(wishes.pkcs11), bool(wishes.token), bool(wishes.key))
    if len(set(place)) > 1 or (wishes.chain and not wishes.pkcs11):
        raise UsageError(
            "--pkcs11, --token and --key belong together, and --chain to them",
            hint="evidence-kit setup --pkcs11 LIB --token LABEL --key LABEL",
        )
    if wishes.pkcs11 is not None:
        return SigningSource(
            kind="pkcs11",
            path=wishes.pkcs11.absolute(),
            certificate=wishes.chain.absolute() if wishes.chain else None,
            token=wishes.token,
            key=wishes.key,
        )
    if wishes.p12 is not None:
        return SigningSource(kind="p12", path=wishes.p12.absolute())
    if wishes.pem is not None:
        key, certificate = wishes.pem
        return SigningSource(kind="pem", path=key.absolute(), certificate=certificate.absolute())
    return None


def _describe(settings: "Settings", signer: "Signer | None") -> dict[str, Json]:
    signing: dict[str, Json] | None = None
    if settings.signing:
        signing = settings.signing.to_json()
        signing["practice"] = signer.practice if signer else None
        if signer:
            signing["subject"] = signer.certificate.subject
            signing["certificate_sha256"] = signer.certificate.fingerprint
            signing["not_after"] = utc_text(signer.certificate.not_after)
    return {
        "schema": "evidence-kit/setup/1",
        "home": str(settings.home),
        "practice": bool(signer and signer.practice),
        "profile": settings.officer.to_json() if settings.officer else None,
        "signing": signing,
        "tsa": list(settings.tsa),
        "time_servers": list(settings.time_servers),
        "revocation": settings.revocation,
        "may_seal": settings.may_seal,
        "hash_lists": [str(path) for path in settings.hash_lists],
        "trust": [_root(root) for root in settings.trusted_roots()],
        "language": settings.language,
    }


def _root(root: "Certificate") -> Json:
    return {"subject": root.subject, "certificate_sha256": root.fingerprint, "not_after": utc_text(root.not_after)}


def tell_settings(run: Run, settings: "Settings", signer: "Signer | None") -> None:
    """Show people the settings, and the certificate of the key if it was opened."""
    texts = run.texts
    none = texts.say("common.none")
    officer = settings.officer
    pairs = [(texts.say("setup.home"), visible(str(settings.home)))]
    pairs += [
        (texts.say(f"setup.{key}"), visible(getattr(officer, key)) if officer else none)
        for key in ("name", "id", "role", "agency")
    ]
    pairs.append((texts.say("setup.may-seal"), texts.say(f"setup.may-seal-{'yes' if settings.may_seal else 'no'}")))
    pairs += [(texts.say("setup.hash-list"), visible(str(path))) for path in settings.hash_lists]
    signing = settings.signing
    pairs.append((texts.say("setup.key"), visible(str(signing.path)) if signing else none))
    if signing and signing.kind == "pkcs11":
        pairs.append((texts.say("setup.token"), f"{visible(signing.token)} / {visible(signing.key)}"))
    if signer:
        pairs.append((texts.say("setup.certificate"), visible(signer.certificate.subject)))
        pairs.append((texts.say("setup.until"), signer.certificate.not_after.date().isoformat()))
    pairs += [(texts.say("setup.tsa"), visible(url)) for url in settings.tsa or [none]]
    pairs += [(texts.say("setup.time-server"), visible(server)) for server in settings.time_servers]
    if not settings.revocation:
        pairs.append((texts.say("setup.revocation"), texts.say("setup.not-asked")))
    pairs += [(texts.say("setup.root"), visible(root.subject)) for root in settings.trusted_roots()]
    pairs.append((texts.say("setup.language"), settings.language or texts.say("setup.system-language")))
    say(texts.say("setup.heading"))
    say(rows(pairs))
    if settings.tsa:
        say(texts.say("setup.tsa-learns"))
    run.say_practice(practice=bool(signer and signer.practice))
    if officer is None or settings.signing is None:
        say(texts.say("setup.unfinished"))
