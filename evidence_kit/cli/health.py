"""What `doctor` looks at, one function each. A finding names its sentence by key, to be said in any language."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.display import visible
from evidence_kit.errors import CaptureError, EvidenceError, TokenError
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.cli.run import Run
    from evidence_kit.settings import Settings
    from evidence_kit.trust.keys import Signer

_FONT_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
_LETTERS = {"fonts.mongolian": "4e8 4ae 4e9 4af 20ae", "fonts.emoji": "1f642"}
"""What a page may show: Ө Ү ө ү ₮, and emoji; as fontconfig writes sets of characters."""
_SOON = timedelta(days=30)
_CLOCK_LIMIT = 60.0
"""Seconds; a time stamp has whole seconds, and its request takes some."""
_LOW, _TOO_LOW = 2 * 1024**3, 256 * 1024**2


class State(StrEnum):
    """What a check of `doctor` found."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: *id*, *state*, and its detail as the key of a sentence with values."""

    id: str
    state: State
    key: str
    values: dict[str, object] = field(default_factory=dict)
    advice: str = ""
    """The key of a sentence that says what to do."""

    @classmethod
    def of(cls, id_: str, state: State, key: str, **values: object) -> "Finding":
        """Return a finding whose detail is the sentence *key* with *values*."""
        return cls(id=id_, state=state, key=key, values=values)

    def detail(self, texts: Texts) -> str:
        """Return what was found, and what to do about it, in the language of *texts*."""
        found = texts.say(self.key, **self.values)
        return f"{found}. {texts.say(self.advice)}" if self.advice else found

    def to_json(self, texts: Texts) -> dict[str, Json]:
        """Return the ``checks[]`` member in the language of *texts*."""
        return {
            "id": self.id,
            "title": texts.say(f"doctor.title.{self.id}"),
            "outcome": str(self.state),
            "detail": self.detail(texts),
        }


def browser(run: "Run") -> Finding:
    """Look for the browser and ask its version."""
    from evidence_kit.browser.find import find_browser

    try:
        found = find_browser(run.environ)
        version = found.version() if found else ""
    except CaptureError as error:
        return Finding.of("browser", State.FAILED, "doctor.problem", problem=error)
    if found is None:
        return Finding.of("browser", State.FAILED, "doctor.browser-missing")
    return Finding.of("browser", State.PASSED, "doctor.browser", path=found.path, version=version)


def fonts(run: "Run") -> list[Finding]:
    """Ask fontconfig for fonts that show Mongolian letters and emoji in a screenshot; other systems bring theirs."""
    program = shutil.which("fc-list", path=run.environ.get("PATH"))
    return [*(_font(program, id_, letters) for id_, letters in _LETTERS.items()), _report_fonts(run.texts)]


def _report_fonts(texts: Texts) -> Finding:
    """See which scripts the report could print as escapes only."""
    from evidence_kit.bundle.fonts import scripts_not_shown, system_folders

    try:
        missing = scripts_not_shown(system_folders())
    except EvidenceError as error:
        return Finding.of("fonts.report", State.FAILED, "doctor.problem", problem=error)
    if not missing:
        return Finding.of("fonts.report", State.PASSED, "doctor.fonts-report")
    scripts = ", ".join(texts.word("scripts", script) for script in missing)
    # A report can be made without the other scripts, and owns up to each character: no fault of the installation.
    state = State.FAILED if "cyrillic" in missing else State.PASSED
    return Finding.of("fonts.report", state, "doctor.fonts-report-missing", scripts=scripts)


def _font(program: str | None, id_: str, letters: str) -> Finding:
    if program is None:
        return Finding.of(id_, State.NOT_CHECKED, "doctor.fonts-unknown")
    command = [program, f":charset={letters}", "family"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_FONT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding.of(id_, State.NOT_CHECKED, "doctor.problem", problem=error)
    families = sorted(set(done.stdout.decode("utf-8", "replace").splitlines()))
    if not families:
        return Finding.of(id_, State.FAILED, "doctor.fonts-missing")
    return Finding.of(id_, State.PASSED, "doctor.fonts", count=len(families), first=families[0].split(",")[0])


def settings_folder(home: Path) -> Finding:
    """See that the settings can be written by the officer and by nobody else."""
    if not home.is_dir():
        return Finding.of("settings", State.WARNING, "doctor.settings-missing", path=home)
    if not os.access(home, os.W_OK):
        return Finding.of("settings", State.FAILED, "doctor.settings-closed", path=home)
    # Windows has access lists instead of these bits, and Python does not read them.
    if os.name == "posix" and home.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return Finding.of("settings", State.WARNING, "doctor.settings-open", path=home)
    return Finding.of("settings", State.PASSED, "doctor.value", value=home)


def key(run: "Run", settings: "Settings", passphrase_file: Path | None) -> "tuple[Signer | None, list[Finding]]":
    """Open the signing key and look at the end of its certificate."""
    if settings.signing is None or settings.officer is None:
        return None, [Finding.of("key", State.FAILED, "doctor.key-missing")]
    try:
        signer = run.signer(settings, passphrase_file)
        signer.sign(b"evidence-kit doctor")
    except TokenError as error:
        failed = Finding.of("key", State.FAILED, "doctor.problem", problem=error)
        return None, [replace(failed, advice=f"token.{error.problem}")]
    except EvidenceError as error:
        return None, [Finding.of("key", State.FAILED, "doctor.problem", problem=error)]
    certificate = signer.certificate
    opened = "doctor.key-practice" if signer.practice else "doctor.key"
    found = [Finding.of("key", State.PASSED, opened, subject=certificate.subject)]
    if settings.signing.kind == "pkcs11":
        found.append(Finding.of("key.token", State.PASSED, "doctor.key-token", token=settings.signing.token))
    left = certificate.not_after - run.clock()
    day = certificate.not_after.date().isoformat()
    if left < timedelta(0):
        found.append(Finding.of("key.expiry", State.FAILED, "doctor.key-expired", day=day))
    elif run.clock() < certificate.not_before:
        begins = certificate.not_before.date().isoformat()
        found.append(Finding.of("key.expiry", State.FAILED, "doctor.key-not-yet", day=begins))
    else:
        state = State.WARNING if left < _SOON else State.PASSED
        found.append(Finding.of("key.expiry", state, "doctor.key-until", day=day, days=left.days))
    return signer, found


def entitlement(settings: "Settings") -> Finding:
    """Say whether the office is declared to be one that may hold suspected child abuse material."""
    if settings.may_seal:
        return Finding.of("seal.entitlement", State.PASSED, "doctor.may-seal")
    return Finding.of("seal.entitlement", State.NOT_CHECKED, "doctor.may-not-seal")


def hash_lists(paths: Iterable[Path]) -> list[Finding]:
    """See whether the lists of known files are where the settings say: without one nothing is taken in."""
    found = []
    for path in paths:
        state = State.PASSED if path.is_file() else State.FAILED
        found.append(Finding.of("hash-lists", state, "doctor.value", value=visible(str(path))))
    return found


def revocation(run: "Run", settings: "Settings", signer: "Signer | None") -> list[Finding]:
    """Ask whoever the signing certificate names whether it was revoked; nothing to ask of a practice key."""
    from evidence_kit.trust.inquiry import inquire, places_in
    from evidence_kit.trust.revocation import Standing, standing_of

    if signer is None or signer.practice:
        return []
    certificate = signer.certificate
    if not settings.revocation or not places_in(certificate) or not signer.chain:
        return [Finding.of("key.revocation", State.NOT_CHECKED, "doctor.revocation-unasked")]
    now = run.clock()
    asked = list(inquire(certificate, signer.chain[0], at=now, seconds=_ANSWER_SECONDS, asked=lambda _place: False))
    told = [answer for answer in asked if not isinstance(answer, str)]
    found = standing_of(certificate, signer.chain[0], told, at=now)
    if found.standing is Standing.UNKNOWN:
        problem = "; ".join(answer for answer in asked if isinstance(answer, str))
        return [Finding.of("key.revocation", State.WARNING, "doctor.problem", problem=problem or found.detail)]
    state = State.FAILED if found.revoked else State.PASSED
    return [Finding.of("key.revocation", state, "doctor.problem", problem=found.detail)]


def authorities(run: "Run", urls: Sequence[str]) -> list[Finding]:
    """Ask each authority for a time stamp, and compare the clock with the first answer."""
    if not urls:
        return [
            Finding.of("tsa", State.NOT_CHECKED, "doctor.tsa-none"),
            Finding.of("clock", State.NOT_CHECKED, "doctor.clock-unverified"),
        ]
    found, offsets, issuers = [], [], []
    for url in urls:
        finding, offset, issuer = _authority(run, url)
        found.append(finding)
        offsets += [] if offset is None else [offset]
        issuers += [] if issuer is None else [issuer]
    if len(issuers) > 1:
        # Two authorities under one roof can be wrong, or be made to be wrong, together.
        same = len(set(issuers)) < len(issuers)
        state, text = (State.WARNING, "doctor.tsa-same") if same else (State.PASSED, "doctor.tsa-different")
        found.append(Finding.of("tsa.operators", state, text))
    if not offsets:
        return [*found, Finding.of("clock", State.NOT_CHECKED, "doctor.clock-unverified")]
    state = State.PASSED if abs(offsets[0]) <= _CLOCK_LIMIT else State.WARNING
    return [*found, Finding.of("clock", state, "doctor.clock-offset", seconds=f"{offsets[0]:+.1f}")]


def _authority(run: "Run", url: str) -> tuple[Finding, float | None, str | None]:
    """Return what came of asking, by how many seconds our clock is ahead, and who issued the certificate."""
    from evidence_kit.trust.digests import sha256_bytes
    from evidence_kit.trust.timestamps import certificates_inside, read_reply, stamp

    # What is stamped does not matter; it is no evidence, and always the same.
    digest = sha256_bytes(b"evidence-kit doctor")
    before = run.clock()
    try:
        reply = stamp(url, digest)
        after = run.clock()
        token = read_reply(reply, digest, certificates_inside(reply))
    except EvidenceError as error:
        return Finding.of("tsa", State.FAILED, "doctor.problem", problem=error), None, None
    offset = _offset(before, after, token.time)
    finding = Finding.of("tsa", State.PASSED, "doctor.tsa", url=url, authority=token.certificate.subject)
    return finding, offset, token.certificate.x509.issuer.rfc4514_string()


def _offset(before: datetime, after: datetime, stamped: datetime) -> float:
    """Return by how many seconds our clock is ahead of the authority's; 0 within the time that the request took."""
    earliest, latest = stamped, stamped + timedelta(seconds=1)
    if before > latest:
        return (before - latest).total_seconds()
    return min((after - earliest).total_seconds(), 0.0)


def space(folder: Path) -> Finding:
    """Look at the space that is left on the disk of *folder*."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding.of("disk.space", State.NOT_CHECKED, "doctor.problem", problem=error)
    state = State.FAILED if free < _TOO_LOW else State.WARNING if free < _LOW else State.PASSED
    return Finding.of("disk.space", state, "doctor.space", gigabytes=f"{free / 1000**3:.1f}")


def cloud(run: "Run", folders: Iterable[Path]) -> Finding:
    """See whether a folder lies where a program copies everything to somebody else's computers."""
    from evidence_kit.case.synced import synced_by

    for folder in folders:
        if found := synced_by(folder, run.environ):
            sign = visible(str(found.sign))
            return Finding.of("disk.cloud", State.WARNING, "doctor.cloud", service=found.service, path=sign)
    return Finding.of("disk.cloud", State.PASSED, "doctor.cloud-none")


def encryption(case: "CaseFolder") -> Finding:
    """Say to how many keys the case encrypts what it keeps; raises `FormatError` for a log that cannot be read."""
    from evidence_kit.custody.recipients import Use

    count = len(case.recipients(Use.CONTENT))
    key = "doctor.encryption" if count else "doctor.encryption-none"
    return Finding.of("case.encryption", State.PASSED, key, count=count)


def memory(run: "Run", settings: "Settings") -> Iterator[Finding]:
    """Remove what killed commands left in memory in plain, and say so; whoever may seal is told if a page can be."""
    from evidence_kit.case.memory import VARIABLE, clear_memory, memory, swaps

    place = memory(run.environ)
    if count := clear_memory(place):
        yield Finding.of("memory.leftovers", State.WARNING, "doctor.memory-cleared", count=count)
    if not settings.may_seal:
        return
    if place is None:
        yield Finding.of("memory.place", State.NOT_CHECKED, "doctor.memory-none", variable=VARIABLE)
    else:
        state, key = (State.NOT_CHECKED, "doctor.memory-swap") if swaps() else (State.PASSED, "doctor.memory-place")
        yield Finding.of("memory.place", state, key, path=place, free=shutil.disk_usage(place).free // 10**6)


def sealing(case: "CaseFolder") -> Finding:
    """Say how many items are sealed, and to how many keys; raises `FormatError`, `CaseError`."""
    from evidence_kit.case.items import attempts
    from evidence_kit.case.sealed import keys_of
    from evidence_kit.custody.recipients import Use

    sealed = [each.item for each in attempts(case.log().full_events()) if each.sealed and each.finished_seq]
    keys = [*(keys_of(case.path / "items" / item) for item in sealed), len(case.recipients(Use.SEAL))]
    if not sealed and not keys[-1]:
        return Finding.of("case.sealed", State.PASSED, "doctor.sealed-none")
    fewest = min(keys)
    found = Finding.of("case.sealed", State.PASSED, "doctor.sealed", count=len(sealed), keys=keys[-1], fewest=fewest)
    return found if fewest > 1 else replace(found, state=State.WARNING, advice="doctor.sealed-few")


def self_tests(run: "Run") -> list[Finding]:
    """Put the parts of this installation to the test: known answers, and what was altered must be found out."""
    from evidence_kit.bundle.self_test import self_test

    return [
        Finding.of(
            f"self-test.{each.code}",
            State.PASSED if each.passed else State.FAILED,
            "doctor.self-test-passed" if each.passed else "doctor.self-test-failed",
        )
        for each in self_test(run.clock())
    ]
