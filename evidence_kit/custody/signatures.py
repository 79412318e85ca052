"""The signatures of a log's lines: most of the time of checking it, so in several processes if there are many."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence_kit.errors import EvidenceError
from evidence_kit.models import Digest
from evidence_kit.processes import spread
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import verify_detached

_BATCH, _BATCH_BYTES = 1000, 2 * 1024 * 1024
"""Of signatures, which a hostile log may have as long as its lines."""
_WORTHWHILE = 4000
"""Signatures from which on it takes longer to check them here than to start other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLine:
    """A signature that is still to be checked, over a line of the log."""

    seq: int
    """Number of the line."""
    named: Digest
    """Of the certificate that the event names as the actor's."""
    certificate: Certificate | None
    """That certificate, if it is at hand."""
    time: datetime
    """The event's."""
    line: Digest
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignatureFinding:
    """What checking one signature gave."""

    holds: bool
    problem: str = ""
    """What is wrong, also with one that holds."""


def check_signatures(
    lines: Iterable[SignedLine], *, count: int, processes: int = 1
) -> Iterator[tuple[SignedLine, SignatureFinding]]:
    """Yield each of the *count* *lines* with its finding, in order, whatever the number of *processes*."""
    waiting = deque[Sequence[SignedLine]]()

    def batches() -> Iterator[Sequence[SignedLine]]:
        rest = iter(lines)
        while batch := _next_batch(rest):
            waiting.append(batch)
            yield batch

    for findings in spread(_check_batch, batches(), processes=processes if count >= _WORTHWHILE else 1, copies=True):
        yield from zip(waiting.popleft(), findings, strict=True)


def _next_batch(lines: Iterator[SignedLine]) -> list[SignedLine]:
    batch: list[SignedLine] = []
    size = 0
    for signed in lines:
        batch.append(signed)
        size += len(signed.signature)
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            break
    return batch


def _check_batch(batch: Sequence[SignedLine]) -> list[SignatureFinding]:
    return [_check(signed) for signed in batch]


def _check(signed: SignedLine) -> SignatureFinding:
    if signed.certificate is None:
        return SignatureFinding(holds=False, problem=f"the certificate {signed.named} is not in trust/")
    try:
        facts = verify_detached(signed.signature, signed.line, [signed.certificate])
    except EvidenceError as error:
        return SignatureFinding(holds=False, problem=str(error))
    if facts.signing_time != signed.time.replace(microsecond=0):
        return SignatureFinding(holds=True, problem="the signature claims another time than the event")
    return SignatureFinding(holds=True)
