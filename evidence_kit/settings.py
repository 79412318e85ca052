"""This installation: officer, place of the signing key, time-stamping authorities, trusted roots, language.

``settings.json`` in the settings folder (``EVIDENCE_KIT_HOME``, else the platform's own) holds no secret: a key is
named by its path, or by its token and label. Practice keys lie beside it as ``practice.p12`` and so on; their
passphrase is no secret, for the keys protect nothing.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import EntitlementError, FormatError, SettingsError, SigningError
from evidence_kit.models import Officer
from evidence_kit.trust.certificates import Certificate, read_certificates
from evidence_kit.trust.keys import Signer, make_practice_signer, open_pem, open_pkcs12, practice_name, write_pkcs12

SCHEMA = "evidence-kit/settings/1"
_PRACTICE_PASSPHRASE = b"practice"
NOTE_INSTEAD = (
    "do not open, copy or send it; note where it is: evidence-kit custody add location.noted --address TEXT "
    "--seen TIME --party WHO; then report it to the police. Only an office that may hold it by law says once: "
    "evidence-kit setup --may-seal"
)
_SETUP_HINT = "run: evidence-kit setup --practice --name NAME --id ID --role ROLE --agency AGENCY"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSource:
    """Where the key is: *kind* ``practice``, ``p12``, ``pem`` or ``pkcs11``."""

    kind: str
    path: Path
    """The key file, or the library of the token."""
    certificate: Path | None = None
    """With ``pem`` and, for what the token does not hold, with ``pkcs11``: the key's certificate and those above it."""
    token: str = ""
    key: str = ""
    """Labels of the token and of the key in it; only with ``pkcs11``."""

    def to_json(self) -> dict[str, Json]:
        """Return kind, paths and labels."""
        certificate = str(self.certificate) if self.certificate else None
        place: dict[str, Json] = {"kind": self.kind, "path": str(self.path), "certificate": certificate}
        return {**place, "token": self.token, "key": self.key} if self.kind == "pkcs11" else place


AskPassphrase = Callable[[SigningSource], bytes]
"""Given where a key is, returns its passphrase or PIN (empty for none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What ``settings.json`` says; everything may still be missing."""

    home: Path
    officer: Officer | None = None
    signing: SigningSource | None = None
    tsa: tuple[str, ...] = ()
    time_servers: tuple[str, ...] = ()
    """``HOST`` or ``HOST:PORT``; none are asked unless named."""
    revocation: bool = True
    """Whether authorities are asked if they revoked a certificate that is used."""
    may_seal: bool = False
    """Whether the office may hold suspected child abuse material, as police do; its owner declares it."""
    hash_lists: tuple[Path, ...] = ()
    """Lists of hash values of known files, in which everything handed over is looked up."""
    language: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return what is written to ``settings.json``."""
        return {
            "schema": SCHEMA,
            "officer": self.officer.to_json() if self.officer else None,
            "signing": self.signing.to_json() if self.signing else None,
            "tsa": list(self.tsa),
            "time_servers": list(self.time_servers),
            "revocation": self.revocation,
            "may_seal": self.may_seal,
            "hash_lists": [str(path) for path in self.hash_lists],
            "language": self.language,
        }

    def the_officer(self) -> Officer:
        """Return the officer; raises `SettingsError` before `setup`."""
        if self.officer is None:
            message = "this installation does not know its officer yet"
            raise SettingsError(message, hint=_SETUP_HINT)
        return self.officer

    def want_right_to_seal(self) -> None:
        """Raise `EntitlementError` unless the office may hold suspected child abuse material.

        Who may not, notes where it is and reports it, and makes no copy: to possess it is an offence in itself.
        """
        if not self.may_seal:
            message = (
                "this installation is not declared to be of an office that may hold suspected child abuse material"
            )
            raise EntitlementError(message, hint=NOTE_INSTEAD)

    def open_signer(self, ask_passphrase: AskPassphrase) -> Signer:
        """Open the signing key; raises `SettingsError` before `setup`, `SigningError` when it cannot be opened."""
        if self.signing is not None and not self.signing.path.is_file():
            # Before the passphrase is asked for.
            message = f"there is no key file {self.signing.path}"
            raise SigningError(message, hint="put it in its place, or give another one with: evidence-kit setup")
        match self.signing:
            case SigningSource(kind="practice", path=path):
                return open_pkcs12(path, _PRACTICE_PASSPHRASE)
            case SigningSource(kind="p12", path=path) as source:
                return open_pkcs12(path, ask_passphrase(source))
            case SigningSource(kind="pem", path=path, certificate=Path() as certificate) as source:
                return open_pem(path, certificate, ask_passphrase(source))
            case SigningSource(kind="pkcs11") as source:
                return _open_token(source, ask_passphrase)
        message = "this installation has no signing key yet"
        raise SettingsError(message, hint=_SETUP_HINT)

    def trusted_roots(self) -> tuple[Certificate, ...]:
        """Return the roots that were given with ``setup --trust``; raises `SettingsError` for one that is damaged."""
        roots: list[Certificate] = []
        for path in sorted((self.home / "trust").glob("*.pem")):
            try:
                roots.extend(read_certificates(path))
            except FormatError as error:
                message = f"the trusted root {path.name} cannot be read"
                hint = f"remove {path} and give it again with: evidence-kit setup --trust"
                raise SettingsError(message, hint=hint) from error
        return tuple(roots)

    def practice_roots(self) -> tuple[Certificate, ...]:
        """Return the roots of this installation's practice keys, present and past."""
        keys = (open_pkcs12(path, _PRACTICE_PASSPHRASE) for path in sorted(self.home.glob("practice*.p12")))
        return tuple(root for key in keys for root in key.chain[-1:])


def load_settings(home: Path) -> Settings:
    """Read the settings in *home*; empty ones before `setup`. Raises `SettingsError` when they are damaged."""
    path = home / "settings.json"
    if not path.is_file():
        return Settings(home=home)
    try:
        return _read(home, canonical.parse(path.read_bytes()))
    except (OSError, FormatError) as error:
        message = f"{path} cannot be read: {error}"
        raise SettingsError(message, hint="mend it or remove it, then run: evidence-kit setup") from error


def save_settings(settings: Settings) -> None:
    """Write *settings*, the old ones replaced in one step; raises `SettingsError`."""
    path = settings.home / "settings.json"
    partial = path.with_suffix(".new")
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(canonical.pretty(settings.to_json()))
        partial.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise SettingsError(message) from error


def add_practice_key(settings: Settings, officer: Officer, *, now: datetime) -> Settings:
    """Return *settings* with a valid practice key for *officer*, made unless there is one; raises `SettingsError`."""
    path, there = _practice_key_of(settings.home, officer, now)
    if not there:
        data = write_pkcs12(make_practice_signer(officer, now=now), _PRACTICE_PASSPHRASE)
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise SettingsError(message) from error
    return replace(settings, officer=officer, signing=SigningSource(kind="practice", path=path))


def add_trusted_roots(settings: Settings, file: Path) -> tuple[Certificate, ...]:
    """Keep the certificates in *file* as trusted roots and return them; raises `SettingsError`, `FormatError`."""
    try:
        roots = read_certificates(file)
        folder = settings.home / "trust"
        folder.mkdir(parents=True, exist_ok=True)
        for root in roots:
            (folder / f"cert-{root.fingerprint}.pem").write_bytes(root.pem())
    except OSError as error:
        message = f"the trusted root {file} cannot be kept: {error.strerror}"
        raise SettingsError(message) from error
    return roots


def _open_token(source: SigningSource, ask_passphrase: AskPassphrase) -> Signer:
    # Here and not above: it loads a compiled library that only officers with a token need.
    from evidence_kit.trust.token import TokenPlace, open_token  # noqa: PLC0415

    try:
        others = read_certificates(source.certificate) if source.certificate else ()
    except OSError as error:
        message = f"the certificates {source.certificate} cannot be read: {error.strerror}"
        raise SigningError(message, hint="give them again with: evidence-kit setup --chain FILE") from error
    place = TokenPlace(library=source.path, token=source.token, key=source.key)
    return open_token(place, ask_passphrase(source), others)


def _practice_key_of(home: Path, officer: Officer, now: datetime) -> tuple[Path, bool]:
    """Return the file of the practice key of *officer* that is valid, and whether it is there: one officer, one key."""
    number = 1
    while (path := home / ("practice.p12" if number == 1 else f"practice-{number}.p12")).exists():
        found = open_pkcs12(path, _PRACTICE_PASSPHRASE).certificate
        if found.x509.subject == practice_name(officer) and found.not_before <= now <= found.not_after:
            return path, True
        number += 1
    return path, False


def _read(home: Path, value: Json) -> Settings:
    match value:
        case {
            "schema": "evidence-kit/settings/1",
            "officer": dict() | None as officer,
            "signing": dict() | None as signing,
            "tsa": list(tsa),
            "language": str(language),
            **rest,
        }:
            return Settings(
                home=home,
                officer=_officer(officer) if officer else None,
                signing=_signing(signing) if signing else None,
                tsa=tuple(str(url) for url in tsa),
                time_servers=_texts(rest.get("time_servers", [])),
                revocation=rest.get("revocation") is not False,
                may_seal=rest.get("may_seal") is True,
                hash_lists=tuple(map(Path, _texts(rest.get("hash_lists", [])))),
                language=language,
            )
    message = f"it does not say {SCHEMA}"
    raise FormatError(message)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        message = "the time servers, or the hash lists, are not a list"
        raise FormatError(message)
    return tuple(str(member) for member in value)


def _officer(value: Json) -> Officer:
    match value:
        case {"name": str(name), "id": str(id_), "role": str(role), "agency": str(agency)}:
            return Officer(name=name, id=id_, role=role, agency=agency)
    message = "the officer is not described"
    raise FormatError(message)


def _signing(value: Json) -> SigningSource:
    match value:
        case {"kind": str(kind), "path": str(path), "certificate": str() | None as certificate, **labels}:
            return SigningSource(
                kind=kind,
                path=Path(path),
                certificate=Path(certificate) if certificate else None,
                token=str(labels.get("token", "")),
                key=str(labels.get("key", "")),
            )
    message = "the signing key is not described"
    raise FormatError(message)
