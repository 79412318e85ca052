"""`CaseFolder`: open or create a case, commit to it under its lock, read it.

A commit is decided in ``.staging/`` first (staging.py) and then carried out in this order: item folder renamed, seals
put in place, event line appended, signature appended, the decision removed. Each step is done only if it was not done
yet, so that a crash anywhere is finished by the next command. An item exists when its event is in the log.

Several threads and several programs may work on one case at once: whatever changes it does so under the lock, which
nobody holds while a page is being captured. Who only reads takes no lock, since a case may lie on a disk that cannot be
written; `log_bytes` waits for the moment between two commits.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock, Timeout

from evidence_kit.case.building import building, refuse_inside
from evidence_kit.case.decided import bytes_as_finished
from evidence_kit.case.durable import append, move_new, sync_tree, write_new
from evidence_kit.case.info import CaseInfo, read_info
from evidence_kit.case.late_seals import late_seals, mark, unmark
from evidence_kit.case.log_end import (
    LOG,
    SIGNATURES,
    LogEnd,
    highest_item,
    lines_about_keys,
    read_end,
    read_notes,
)
from evidence_kit.case.register import conclude_opened
from evidence_kit.case.staging import (
    STAGING,
    PlannedCommit,
    clear_undecided,
    plan_commit,
    planned_commits,
    put_item,
    withdraw,
)
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.custody.log import link_after, split_lines
from evidence_kit.custody.recipients import Use, named_in, recipients_for
from evidence_kit.custody.register import register_of
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain, read_plain
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.revocation import Statement, read_statement

_REGISTER_FIRST = (
    "an officer of the case lets your key in with: evidence-kit custody key add FILE.pem; "
    "after the loss of your own: evidence-kit custody key revoke"
)
_PLACES = ("items/EV-{:04d}", f"{STAGING}/EV-{{:04d}}", f"{STAGING}/EV-{{:04d}}.recording")
_LOCK_SECONDS = 30
_SETTLE_SECONDS = 2.0
"""How long the second half of a commit may take to follow the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """An event that is in the log."""

    seq: int
    head: Digest
    item: str | None


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """One case on disk."""

    path: Path
    info: CaseInfo

    @classmethod
    def open(cls, path: Path) -> "CaseFolder":
        """Open the case at *path*; raises `CaseError` when there is none."""
        try:
            return cls(path=path, info=read_info(read_plain(path / "case.json")))
        except (OSError, FormatError) as error:
            message = f"{path} is not a case: {error if isinstance(error, FormatError) else 'it has no case.json'}"
            raise CaseError(
                message, hint="name a case with --case DIR, or open one: evidence-kit case new DIR"
            ) from error

    @classmethod
    def create(
        cls, path: Path, info: CaseInfo, custodian: Custodian, *, more: Sequence[Draft] = (), synced: str = ""
    ) -> "CaseFolder":
        """Create a case at *path*, which must not exist or be empty, with its first event.

        Raises `UsageError` for a place inside a case or bundle, `CaseError` for one that is taken or cannot be written.

        *more* are further events that it begins with; *synced* is the service that copies the place elsewhere.
        The case is built beside its place and renamed, so that a crash leaves no half-made case.
        """
        refuse_inside(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            message = f"{path} is already there and is not empty"
            raise CaseError(message, hint="choose a new folder for the case")
        try:
            with building(path) as place:
                cls._build(place / path.name, info, custodian, (info.opening(synced=synced), *more))
                if path.exists():
                    path.rmdir()
                move_new(place / path.name, path)
        except OSError as error:
            message = f"the case {path} could not be created: {error.strerror}"
            raise CaseError(message) from error
        return cls(path=path, info=info)

    @classmethod
    def _build(cls, path: Path, info: CaseInfo, custodian: Custodian, first: Sequence[Draft]) -> None:
        """Build a case with its first events at *path*."""
        for name in ("items", "seals/heads", "trust", STAGING):
            (path / name).mkdir(parents=True)
        write_new(path / "case.json", info.to_bytes())
        write_new(path / "custody.jsonl", b"")
        write_new(path / "custody.sig", b"")
        case = cls(path=path, info=info)
        for each in first:
            case.commit(each, custodian)
        sync_tree(path)

    def commit(  # noqa: PLR0913  # an event, by whom, and what belongs to it
        self,
        draft: Draft,
        custodian: Custodian,
        *,
        new_item: bool = False,
        staged: bool = False,
        seals: Mapping[str, bytes] | None = None,
        after: Digest | None = None,
    ) -> Committed:
        """Append *draft* to the log, signed by *custodian*; raises `CaseError`, with nothing changed.

        What *draft* leaves open is filled in from the custodian's grounds, its authority from the case's legal basis.
        *new_item* gives the event the next free item number. *staged* makes the folder ``.staging/<draft.item>`` the
        item's folder. *seals* are files below ``seals/``. *after* is the head that the log must have, where the event
        speaks of the log as it is.
        """
        with self._locked():
            self.finish_commits()
            end = read_end(self.path)
            if after not in {None, end.head}:
                message = f"the custody log of {self.path} has grown meanwhile"
                raise CaseError(message, hint="run the command again")
            return self._commit(draft, custodian, end, new_item=new_item, staged=staged, seals=seals or {})

    @contextmanager
    def alone(self, custodian: Custodian) -> Iterator[Callable[[Draft], Committed]]:
        """Let nobody else commit inside the block; gives what appends an event there. Raises `CaseError`."""
        with self._locked():
            self.finish_commits()
            yield lambda draft: self._commit(draft, custodian, read_end(self.path))

    def _commit(  # noqa: PLR0913  # as `commit`
        self,
        draft: Draft,
        custodian: Custodian,
        end: LogEnd,
        *,
        new_item: bool = False,
        staged: bool = False,
        seals: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Committed:
        if not end.count and draft.type != EventType.CASE_OPENED:
            message = f"the custody log of {self.path} is empty"
            raise CaseError(message, hint="run: evidence-kit verify CASE")
        if end.count == 1:
            conclude_opened(self.path, self.info.number, custodian)
        self._want_registered(draft, custodian, end)
        draft = custodian.grounds.under(draft, self.info.legal_basis)
        if new_item:
            draft = replace(draft, item=self._next_item())
        self._keep_certificates((custodian.signer.certificate, *custodian.signer.chain))
        late = late_seals(self.path, end, self.certificates)
        draft = replace(draft, digests={**late, **draft.digests})
        entry = custodian.sign_event(draft, seq=end.count + 1, previous=end.head, case=self.info.number)
        item = draft.item if staged else None
        planned = plan_commit(self.staging, seq=end.count + 1, entry=entry, item=item, seals=dict(seals))
        self._carry_out(planned, end.sizes)
        unmark(self.path)
        return Committed(seq=end.count + 1, head=link_after(end.head, entry), item=draft.item)

    def want_admitted(self, draft: Draft, custodian: Custodian) -> None:
        """Raise now the `CaseError` that `commit` would raise for the key of *custodian*, or for the disk."""
        with self.alone(custodian):
            self._want_registered(draft, custodian, read_end(self.path))

    def finish_commits(self) -> list[int]:
        """Finish commits that a crash interrupted and return their event numbers; call it under the lock."""
        finished = []
        clear_undecided(self.staging)
        for planned in planned_commits(self.staging):
            self._carry_out(planned, self._admit(planned))
            finished.append(planned.seq)
        return finished

    def repair(self) -> list[int]:
        """Take the lock and finish interrupted commits; return their event numbers."""
        with self._locked():
            return self.finish_commits()

    @property
    def staging(self) -> Path:
        """The folder of unfinished work."""
        return self.path / STAGING

    def head(self) -> tuple[int, Digest]:
        """Return the number of events and the head of the log; raises `CaseError`, `FormatError`."""
        with self._locked():
            end = read_end(self.path)
            return end.count, end.head

    def log_bytes(self) -> tuple[bytes, bytes]:
        """Return the log and its signatures as stored, and not in the middle of a commit; raises `CaseError`."""
        end = time.monotonic() + _SETTLE_SECONDS
        while True:
            log, signatures = self._stored()
            even = log.count(b"\n") == signatures.count(b"\n")
            if even and log.endswith(b"\n") and signatures.endswith(b"\n"):
                return log, signatures
            if time.monotonic() > end:
                return bytes_as_finished(self.path, log, signatures)
            time.sleep(0.02)

    def _stored(self) -> tuple[bytes, bytes]:
        try:
            return read_plain(self.path / LOG), read_plain(self.path / SIGNATURES)
        except OSError as error:
            message = f"the custody log of {self.path} cannot be read: {error.strerror}"
            raise CaseError(message) from error

    def log(self) -> LogFindings:
        """Read and check the log."""
        return check_log(*self.log_bytes(), {c.fingerprint: c for c in self.certificates()})

    def certificates(self) -> tuple[Certificate, ...]:
        """Return every certificate in ``trust/`` that can be read."""
        found: list[Certificate] = []
        for path in sorted((self.path / "trust").glob("*.pem")):
            try:
                found.extend(load_certificates(read_plain(path)))
            except (FormatError, OSError):
                continue  # said by the check "trust.files"; here it is only not available
        return tuple(found)

    def statements(self) -> tuple[Statement, ...]:
        """Return every CRL and OCSP response in ``trust/`` that can be read."""
        found: list[Statement] = []
        for path in sorted((self.path / "trust").glob("*.der")):
            try:
                found.append(read_statement(path.name.partition("-")[0], read_plain(path)))
            except (FormatError, OSError):
                continue  # said by the check "trust.files"; here it is only not available
        return tuple(found)

    def recipients(self, use: Use, subjects: Iterable[str] = ()) -> tuple[Recipient, ...]:
        """Return to whom something of *subjects* is encrypted; raises `FormatError` for a log that cannot be read."""
        return recipients_for(named_in(self.log().full_events()), use, subjects)

    def put_seal(self, name: str, data: bytes) -> None:
        """Put a late file, such as a time stamp, below ``seals/``; one that somebody put there first stays.

        The next event names it with its digest, so that it cannot be taken away unseen once that is in the log.
        """
        target = self.path / "seals" / name
        with self._locked():
            if target.exists():
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = self.staging / f"seal-{target.name}"
            partial.unlink(missing_ok=True)
            write_new(partial, data)
            mark(self.path, name)
            move_new(partial, target)

    def record_certificates(self, certificates: Sequence[Certificate]) -> None:
        """Keep *certificates* in ``trust/``, each under its own digest; what is there already stays."""
        with self._locked():
            self._keep_certificates(certificates)

    def record_statement(self, statement: Statement) -> None:
        """Keep a CRL or OCSP response in ``trust/``, under its own digest."""
        with self._locked():
            self._keep(statement.name, statement.der)

    def _want_registered(self, draft: Draft, custodian: Custodian, end: LogEnd) -> None:
        """Refuse, with `CaseError`, a key that may not sign *draft* by the log's own account."""
        signer = custodian.signer.certificate
        known = {certificate.fingerprint: certificate for certificate in (*self.certificates(), signer)}
        lines = lines_about_keys(self.path, read_notes(self.path, end))
        refusal = register_of(lines, known).refusal(draft, signer, seq=end.count + 1)
        if refusal is not None:
            message = f"the log of {self.path} takes no such event signed by {signer.subject!r}: {refusal}"
            raise CaseError(message, hint=_REGISTER_FIRST)

    def _keep_certificates(self, certificates: Sequence[Certificate]) -> None:
        for certificate in certificates:
            self._keep(f"cert-{certificate.fingerprint}.pem", certificate.pem())

    def _keep(self, name: str, data: bytes) -> None:
        target = self.path / "trust" / name
        if not target.exists():
            partial = self.staging / name
            partial.unlink(missing_ok=True)
            write_new(partial, data)
            move_new(partial, target)

    def _admit(self, planned: PlannedCommit) -> tuple[int, int]:
        """Refuse, with `CaseError`, to carry out a commit that is not the next event of the log, signed.

        Returns where its line begins in the log, and that of its signature among the signatures.
        """
        log, signatures = (b"".join(split_lines(data)[: planned.seq - 1]) for data in self._stored())
        known = {certificate.fingerprint: certificate for certificate in self.certificates()}
        findings = check_log(log + planned.entry.line, signatures + planned.entry.signature_line, known)
        last = findings.events[-1] if findings.events else None
        wrong = [check for check in findings.problems if check.subject == f"event {planned.seq}"]
        behind = len(findings.links) == planned.seq + 1
        if wrong or last is None or last.seq != planned.seq or not isinstance(last, Event) or not behind:
            message = f"the unfinished commit {planned.folder.name} is not the next signed event of the log"
            raise CaseError(message, hint="run: evidence-kit verify CASE")
        if planned.item not in {None, last.item}:
            message = f"the unfinished commit {planned.folder.name} would put in another item than its event names"
            raise CaseError(message, hint="run: evidence-kit verify CASE")
        return len(log), len(signatures)

    def _carry_out(self, planned: PlannedCommit, begins: tuple[int, int]) -> None:
        if planned.item is not None:
            put_item(planned, planned.item)
        for name, data in planned.seals.items():
            target = self.path / "seals" / name
            there = read_plain(target) if target.exists() else None
            if there == data:
                continue
            if there is not None and not data.startswith(there):
                # What a crash tore is the beginning of it; a seal that is whole is never replaced.
                message = f"the unfinished commit {planned.folder.name} would replace seals/{name}"
                raise CaseError(message, hint="run: evidence-kit verify CASE")
            target.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_new(target, data)
        _append_once(self.path / LOG, begins[0], planned.entry.line)
        _append_once(self.path / SIGNATURES, begins[1], planned.entry.signature_line)
        withdraw(planned)

    def _next_item(self) -> str:
        """One more than the highest number ever given: numbers are never used twice, not even after a failure."""
        number = highest_item(self.path) + 1
        while any(os.path.lexists(self.path / place.format(number)) for place in _PLACES):
            number += 1
        return f"EV-{number:04d}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self.staging.is_symlink():
            message = f"{self.staging} is a link: work on the case would be led elsewhere"
            raise CaseError(message, hint="see who put it there, remove it, and make a folder in its place")
        try:
            self.staging.mkdir(exist_ok=True)
            with FileLock(self.staging / "case.lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            message = f"the case {self.path} is in use by another command"
            raise CaseError(message, hint="wait for it to end, then run the command again") from error
        except OSError as error:
            message = f"the case {self.path} could not be written: {error.strerror or error}"
            raise CaseError(message, hint="look at the space and the permissions of its disk") from error


def _append_once(path: Path, begin: int, line: bytes) -> None:
    """Make *line* stand at byte *begin* of *path*: it is there, torn, or not yet; anything else is not ours to mend."""
    with open_plain(path) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(begin)
        there = stream.read(len(line))
    if size < begin or not line.startswith(there):
        message = f"{path.name} was changed while an event was being written"
        raise CaseError(message, hint="run: evidence-kit verify CASE")
    if there != line:
        append(path, line[len(there) :])
