"""One run of a command: language, environment and clock, and from them what commands ask for.

Commands get it as ``ctx.obj``. The settings, the key and the case are opened only when asked for, since opening them
loads the libraries of cryptography.
"""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evidence_kit.cli.output import Progress, note, say
from evidence_kit.display import shorten
from evidence_kit.errors import SettingsError, UsageError
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.revocations import Inquiries
    from evidence_kit.case.stamping import Stamping
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.settings import Settings, SigningSource
    from evidence_kit.trust.judging import TrustedRoots
    from evidence_kit.trust.keys import Signer

_LAST_SECOND = 253370764799
"""The end of the year 9998: one year more than any time zone takes."""
PASSPHRASE_VARIABLE = "EVIDENCE_KIT_PASSPHRASE"  # noqa: S105  # a name, not a passphrase

_LONGEST_SECRET = 64 * 1024
"""Bytes of a passphrase; a device has no end."""
_PATHS = frozenset({"FILE", "BUNDLE"})
"""What stands in the name of a value that may be a path, though it is read as text."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What every command is given."""

    texts: Texts
    environ: Mapping[str, str]
    _opened: "tuple[SigningSource | None, Signer] | None" = None
    """The signing key, once it was opened: a token wants one login, and a person is asked once."""
    _inquiries: "Inquiries | None" = None
    _case: "CaseFolder | None" = None

    @classmethod
    def of(cls, ctx: typer.Context) -> "Run":
        """Return the run that *ctx* belongs to; raises `UsageError` for a value of its line that is no Unicode text."""
        run = ctx.obj
        if not isinstance(run, cls):
            message = "a command was started without its run"
            raise TypeError(message)
        _require_text(ctx)
        return run

    def clock(self) -> datetime:
        """Return the time of the machine, UTC; ``SOURCE_DATE_EPOCH`` never reaches custody events."""
        return datetime.now(UTC)

    def progress(self) -> Progress:
        """Return a listener for the steps of long work."""
        return Progress(self.texts)

    def settings(self) -> "Settings":
        """Return the settings; raises `SettingsError`."""
        from evidence_kit.home import settings_home
        from evidence_kit.settings import load_settings

        return load_settings(settings_home(self.environ))

    def case(self, path: Path | None) -> "CaseFolder":
        """Open the case that was named, or the one in the current folder; raises `CaseError`."""
        from evidence_kit.case.folder import CaseFolder

        self._case = CaseFolder.open((path or Path()).absolute())
        return self._case

    def custodian(
        self,
        settings: "Settings",
        passphrase_file: Path | None,
        *,
        purpose: str = "",
        authority: str = "",
        place: str = "",
    ) -> "Custodian":
        """Return the officer with the opened key; raises `SettingsError`, `SigningError` for a key that cannot sign.

        Every command that signs comes here before it does anything, so no certificate that has run out is used.
        *purpose*, *authority* and *place* go into every event that does not say otherwise.
        """
        from evidence_kit.custody.custodian import Custodian, Grounds

        officer = settings.the_officer()
        signer = self.signer(settings, passphrase_file)
        signer.require_valid(self.clock())
        return Custodian(
            officer=officer,
            signer=signer,
            clock=self.clock,
            zone=self.clock().astimezone().tzinfo or UTC,
            grounds=Grounds(purpose=purpose.strip(), authority=authority.strip(), place=place.strip()),
        )

    def signer(self, settings: "Settings", passphrase_file: Path | None) -> "Signer":
        """Return the signing key, opened at most once; raises what `Settings.open_signer` raises."""
        if self._opened is None or self._opened[0] != settings.signing:
            self._opened = settings.signing, settings.open_signer(self.passphrases(passphrase_file))
        signer = self._opened[1]
        self.inquiries().certificates = (signer.certificate, *signer.chain)
        return signer

    def inquiries(self) -> "Inquiries":
        """Return what this run asks authorities about revocations."""
        from evidence_kit.case.revocations import Inquiries

        if self._inquiries is None:
            self._inquiries = Inquiries(certificates=(), clock=self.clock)
        return self._inquiries

    def tell_inquiries(self) -> None:
        """Say, beside the result, what could not be learnt about revocations, and what was revoked."""
        for problem in self._inquiries.problems if self._inquiries else ():
            note(self.texts.say("revocation.note", problem=problem))

    def stamping(self, settings: "Settings") -> "Stamping":
        """Return which authorities are to be asked for time stamps; raises `SettingsError`."""
        from evidence_kit.case.stamping import Stamping

        inquiries = self.inquiries() if settings.revocation else None
        return Stamping(tsa=settings.tsa, roots=settings.trusted_roots(), inquiries=inquiries, clock=self.clock)

    def flush(self, case: "CaseFolder") -> None:
        """Fetch the time stamps that are pending in *case*, if an authority answers within seconds; else say so.

        For commands that read: it is no part of their result.
        """
        from evidence_kit.case.stamping import flush

        for problem in flush(case, self.stamping(self.settings())):
            note(self.texts.say("stamp.pending", problem=problem))

    def roots(self, settings: "Settings") -> "TrustedRoots":
        """Return the roots that came from outside any evidence; raises `SettingsError`."""
        from evidence_kit.trust.judging import TrustedRoots

        return TrustedRoots(established=settings.trusted_roots(), practice=settings.practice_roots())

    def passphrases(self, file: Path | None) -> "Callable[[SigningSource], bytes]":
        """Return how a passphrase or PIN comes: from *file*, the environment, or the person at the terminal."""

        def ask(source: "SigningSource") -> bytes:
            if file is not None:
                return first_line(file)
            if PASSPHRASE_VARIABLE in self.environ:
                return os.fsencode(self.environ[PASSPHRASE_VARIABLE])
            if sys.stdin.isatty():
                pin = source.kind == "pkcs11"
                name = source.token if pin else source.path.name
                question = self.texts.say("ask.pin" if pin else "ask.passphrase", name=name)
                return getpass.getpass(f"{question}: ", stream=sys.stderr).encode()
            return b""

        return ask

    def signer_trust(self) -> str | None:
        """Return what can be said of the key that signs, or else of those that signed in the case: the least trust.

        None where no key is concerned. Raises `SettingsError`.
        """
        from evidence_kit.cli.standing import signers_of, trust_in

        roots = self.settings().trusted_roots()
        if self._opened:
            signer = self._opened[1]
            found = trust_in([signer.certificate], signer.chain, roots, now=self.clock())
        elif self._case:
            found = trust_in(signers_of(self._case), self._case.certificates(), roots, now=self.clock())
        else:
            found = None
        return str(found) if found else None

    def say_practice(self, *, practice: bool) -> None:
        """Say, as part of a result for people, that a key is a practice one or under a self-made root, if it is."""
        if practice:
            say(self.texts.say("practice.line"))
        if self.signer_trust() == "claimed":
            say(self.texts.say("practice.claimed"))

    def report_time(self) -> datetime | None:
        """Return the time that reports are to print, from ``SOURCE_DATE_EPOCH``; raises `UsageError`."""
        text = self.environ.get("SOURCE_DATE_EPOCH", "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(_LAST_SECOND)) or int(text) > _LAST_SECOND:
            raise UsageError(
                f"SOURCE_DATE_EPOCH is not a number of seconds since 1970: {shorten(text)}",
                hint=f"give a whole number from 0 to {_LAST_SECOND}, or unset it",
            )
        return datetime.fromtimestamp(int(text), UTC)


def _require_text(ctx: typer.Context) -> None:
    """Refuse words that JSON cannot hold; names of files are bytes on POSIX, and pass."""
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        words = value if isinstance(value, list | tuple) else [value]
        for word in words:
            if isinstance(word, str) and not _PATHS & set(str(parameter.metavar).split("|")) and not _is_text(word):
                name = next(iter(parameter.opts), "") if parameter.param_type_name == "option" else parameter.metavar
                message = f"{name} is no Unicode text: {shorten(word)}"
                raise UsageError(message, hint="type it again, in a terminal that is set to UTF-8")


def _is_text(word: str) -> bool:
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def first_line(file: Path) -> bytes:
    """Return the first line of a file of secrets, without its end; raises `SettingsError`."""
    try:
        with file.open("rb") as stream:
            line = stream.readline(_LONGEST_SECRET + 1)
    except OSError as error:
        message = f"the passphrase file {file} cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    if len(line) > _LONGEST_SECRET:
        raise SettingsError(f"the first line of {file} is longer than {_LONGEST_SECRET} bytes: it is no passphrase")
    return line.removesuffix(b"\n").removesuffix(b"\r")
