"""Time stamps over log heads: ``seals/heads/000042.tsr`` stamps the head after event 42, and so every event up to it.

The message imprint is the head itself: ``openssl ts -verify -digest HEAD -in 000042.tsr -CAfile tsa-chain.pem``. A
second authority's token is ``000042-2.tsr``. A head that could not be stamped is stamped by the next command that can.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.revocations import Inquiries
from evidence_kit.custody.log import links_of
from evidence_kit.errors import EvidenceError, FormatError, SilenceError, TimestampError
from evidence_kit.models import Clock, Digest, parse_utc, utc_text
from evidence_kit.plain import read_plain, write_anew
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import certificates_inside, read_reply, stamp_all

SECONDS = 20.0
"""How long an authority is waited for by a command that just wrote an event."""
_FLUSH_SECONDS = 3.0
_SILENCE = timedelta(minutes=10)
"""How long an authority that did not answer is left alone."""
TIME_GAP = timedelta(minutes=10)
"""An event claimed by more than this before its first covering stamp, or after it, has its time from nobody else."""
NAME = re.compile(r"([0-9]{6,})(?:-([2-9]))?\.tsr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """The time-stamping authorities to ask, and the trusted certificates that may stand above them."""

    tsa: tuple[str, ...] = ()
    roots: tuple[Certificate, ...] = ()
    inquiries: Inquiries | None = None
    """What is asked about revocations; None when nobody is to be asked."""
    clock: Clock | None = None
    """By which an authority that did not answer is left alone for a while; None: all are asked every time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToken:
    """One token over the head after event *seq*."""

    seq: int
    time: datetime
    authority: Certificate
    embedded: tuple[Certificate, ...]
    path: str


def stamp_head(
    case: CaseFolder, stamping: Stamping, *, timeout: float = SECONDS, patient: bool = True, insist: bool = False
) -> list[str]:
    """Stamp the present head with every authority asked for; return what went wrong, nothing if all is stamped.

    All are asked at once, each for at most *timeout* seconds; one that let a *patient* command wait in vain in the last
    ten minutes only if the caller *insists*.
    """
    seq, head = case.head()
    missing = _missing(case, stamping, seq)
    silent = {} if insist else _silent(case, stamping, missing.values())
    problems = [*silent.values()]
    missing = {name: url for name, url in missing.items() if url not in silent}
    authorities: list[Certificate] = []
    for (name, url), reply in zip(missing.items(), stamp_all([*missing.values()], head, timeout=timeout), strict=True):
        if isinstance(reply, TimestampError):
            problems.append(str(reply))
            if patient and isinstance(reply, SilenceError):
                _remember(case, stamping, url)
        else:
            _mark(case, url).unlink(missing_ok=True)
            record_authority(case, stamping, reply)
            case.put_seal(f"heads/{name}", reply)
            authorities += certificates_inside(reply)
    if stamping.inquiries is not None:
        stamping.inquiries.keep(case, authorities, roots=stamping.roots)
    return problems


def flush(case: CaseFolder, stamping: Stamping) -> list[str]:
    """Stamp the head now if a stamp over it is pending, within a few seconds; return why it still is.

    For commands that only read: a case that cannot be written stays as it is. Nothing is back-dated, for the time in a
    token is the authority's.
    """
    if not stamping.tsa:
        return []
    try:
        links = links_of(*case.log_bytes())
        if not _missing(case, stamping, len(links) - 1):
            return []
        # Nobody waits for the answers of certification authorities in order to read a list.
        return stamp_head(case, replace(stamping, inquiries=None), timeout=_FLUSH_SECONDS, patient=False)
    except (EvidenceError, OSError) as error:
        return [str(error)]


def _missing(case: CaseFolder, stamping: Stamping, seq: int) -> dict[str, str]:
    """Return file name and address of each stamp over the head after event *seq* that is not there."""
    heads = case.path / "seals" / "heads"
    names = {f"{seq:06d}.tsr" if n == 1 else f"{seq:06d}-{n}.tsr": url for n, url in enumerate(stamping.tsa, start=1)}
    return {name: url for name, url in names.items() if not (heads / name).exists()}


def _mark(case: CaseFolder, url: str) -> Path:
    """Return the file that says when the authority at *url* did not answer; losing it costs a wait."""
    return case.staging / f"silent-{sha256_bytes(url.encode()).hex[:16]}"


def _remember(case: CaseFolder, stamping: Stamping, url: str) -> None:
    if stamping.clock is not None:
        with suppress(OSError):
            write_anew(_mark(case, url), utc_text(stamping.clock()).encode("ascii"))


def _silent(case: CaseFolder, stamping: Stamping, urls: Iterable[str]) -> dict[str, str]:
    """Return which of *urls* did not answer of late, each with what to say of it."""
    if stamping.clock is None:
        return {}
    now, found = stamping.clock(), {}
    for url in urls:
        # A mark that is not there, torn, or of the future after the clock was set back: it is asked.
        with suppress(OSError, FormatError, ValueError):
            when = parse_utc(read_plain(_mark(case, url)).decode("ascii"))
            if timedelta() <= now - when < _SILENCE:
                found[url] = (
                    f"the time-stamping authority at {url} did not answer at {utc_text(when)} and is left alone until "
                    f"{utc_text(when + _SILENCE)}; to ask it now: evidence-kit timestamp --pending"
                )
    return found


def record_authority(case: CaseFolder, stamping: Stamping, reply: bytes) -> None:
    """Put the certificates in the token *reply*, and those trusted above them, into the case."""
    inside = certificates_inside(reply)
    case.record_certificates(
        (*inside, *(root for leaf in inside for root in chain_of(leaf, [*inside, *stamping.roots])))
    )


def head_tokens(case: CaseFolder, links: Sequence[Digest], *, since: int = 0) -> list[HeadToken]:
    """Return the tokens that hold over heads after event *since*, oldest event first; others are the verifier's."""
    found = []
    certificates = case.certificates()
    for path in sorted((case.path / "seals" / "heads").glob("*.tsr")):
        match = NAME.fullmatch(path.name)
        if not match or not since <= int(match[1]) < len(links):
            continue
        try:
            token = read_reply(read_plain(path), links[int(match[1])], certificates)
        except (EvidenceError, OSError):
            continue
        found.append(
            HeadToken(
                seq=int(match[1]),
                time=token.time,
                authority=token.certificate,
                embedded=token.embedded,
                path=f"heads/{path.name}",
            )
        )
    return sorted(found, key=lambda token: token.seq)


def first_stamps(stamps: Iterable[tuple[int, datetime]], events: int) -> list[datetime | None]:
    """Return for each of *events* events, from the first, when it was first shown to have existed.

    *stamps* are the events whose heads were stamped, and when.
    """
    by_event: dict[int, datetime] = {}
    for seq, time in stamps:
        by_event[seq] = min(time, by_event.get(seq, time))
    found: list[datetime | None] = []
    earliest: datetime | None = None
    for seq in range(events, 0, -1):
        here = by_event.get(seq)
        earliest = min(here, earliest) if here and earliest else here or earliest
        found.append(earliest)
    return found[::-1]


def claimed_only(claimed: datetime, stamp: datetime | None) -> bool:
    """Whether the time of an event rests on the officer's word alone; *stamp* is the first that covers it."""
    return stamp is None or abs(stamp - claimed) > TIME_GAP


def stamped_at(tokens: Sequence[HeadToken], seq: int) -> datetime | None:
    """Return the earliest time at which event *seq* is shown to have existed, by a token over it or a later head."""
    return min((token.time for token in tokens if token.seq >= seq), default=None)
