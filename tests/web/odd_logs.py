"""Custody logs of bundles, signed by real keys, that say odd things: of every kind of event, right and wrong."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.log import FIRST_LINK, encode_signature, next_link
from evidence_kit.custody.withholding import Decision, lines_digest, withheld_lines, withhold, write_withheld
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from tests.support.people import OFFICER, SetClock, practice_custodian

CLOCK = SetClock()
PEOPLE = [practice_custodian(CLOCK, replace(OFFICER, name=name)) for name in ("Дорж", "Дорж", "Болор", "Хулгайч")]
"""The first two are one officer, with two keys."""
ITEMS = ("EV-0001", "EV-0002")
CASE = canonical.pretty(
    {
        **dict.fromkeys(("title", "office", "legal_basis", "language"), ""),
        "schema": "evidence-kit/case/1",
        "number": "2026-1",
        "created": "2026-01-01T00:00:00.000Z",
    }
)
SOME, OTHER = (str(Digest(bytes([byte]) * 32)) for byte in (5, 6))
_PLAIN: list[Json] = [None, True, False, 0, 1, -1, 2, 2**53 - 1, [], {}, [1, {"a": None}]]
_OBJECTS: list[Json] = [{"seq": True, "link": SOME}, {"seq": 1, "link": SOME}, {"certificate": None}, {"events": True}]
ODD: list[Json] = [
    *_PLAIN,
    *_OBJECTS,
    *("", " ", "\u0085", "\ufeff", "\x1c", "\u200b", "\u202e", SOME, OTHER, SOME.upper()),
    *("2026-01-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "2026-11-22T09:02:03Z", "V-01", "EV-0001", "EV-1"),
    *("complete", "accepted", "refused", "offered", "captured", "received", "key.revoked", "noted", "case.opened"),
]
_DECISION = Decision(ground="g", decided_by="d")


def key_of(custodian: Custodian) -> str:
    """Return the digest of the custodian's certificate as events name it."""
    return str(sha256_bytes(custodian.signer.certificate.der))


@dataclass
class OddLog:
    """A log that is written event by event, whatever they say."""

    chance: Random
    lines: list[bytes] = field(default_factory=list)
    signatures: list[bytes] = field(default_factory=list)
    links: list[Digest] = field(default_factory=lambda: [FIRST_LINK])

    @property
    def stored(self) -> tuple[bytes, bytes]:
        """Return the two files."""
        return b"".join(self.lines), b"".join(self.signatures)

    def add(self, by: Custodian, said: dict[str, Json], *, signer: Custodian | None = None, late: int = 0) -> None:
        """Append an event that says what is *said*, and what all must say; nothing if no JSON could hold it."""
        now = CLOCK()
        value: dict[str, Json] = {
            **dict.fromkeys(("purpose", "authority", "place", "note"), ""),
            "seq": len(self.links),
            "previous": str(self.links[-1]),
            "case": "2026-1",
            "salt": "0a" * 32,
            "time": utc_text(now),
            "local": now.astimezone(by.zone).isoformat(timespec="seconds"),
            "clock": {"source": "system", "offset_ms": None, "state": "unverified"},
            "actor": by.actor(),
            "item": None,
            "digests": {},
            "outcome": "success",
            "detail": {},
            **said,
        }
        try:
            line = canonical.dumps(value) + b"\n"
        except FormatError:
            return
        at = now + timedelta(seconds=late)
        signature = sign_detached(sha256_bytes(line), (signer or by).signer, at=at, with_chain=False)
        self.lines.append(line)
        self.signatures.append(encode_signature(signature))
        self.links.append(next_link(self.links[-1], sha256_bytes(line), sha256_bytes(signature)))

    def events(self, type_: str) -> list[int]:
        """Return the numbers of the events of one type, or that of the first."""
        wanted = f'"type":"{type_}"'.encode()
        return [number for number, line in enumerate(self.lines, start=1) if wanted in line] or [1]


def _manifest(item: str, digest: str = SOME) -> dict[str, Json]:
    return {f"items/{item}/manifest-sha256.txt": digest}


def _captured(item: str, outcome: str) -> dict[str, Json]:
    seal: dict[str, Json] = {f"seals/{item}/manifest-sha256.txt.p7s": SOME}
    said: dict[str, Json] = dict.fromkeys(("url", "final_url", "http_status", "recorder"), "")
    return {
        "type": "captured",
        "item": item,
        "outcome": outcome,
        "digests": {**_manifest(item), **seal},
        "detail": said,
    }


def _imported(item: str, outcome: str) -> dict[str, Json]:
    return {**_captured(item, outcome), "type": "imported", "detail": {"supplied": {"files": 1, "bytes": 1}}}


def _released(log: OddLog, item: str) -> dict[str, Json]:
    certificate = log.chance.choice([None, None, key_of(log.chance.choice(PEOPLE))])
    to: dict[str, Json] = {"name": "Болор", "id": "", "role": "", "agency": "", "certificate": certificate}
    digests = _manifest(item, log.chance.choice([SOME, SOME, SOME, OTHER]))
    detail: dict[str, Json] = {"to": to, "condition": ""}
    return {
        "type": "released",
        "item": item,
        "digests": digests,
        "purpose": "p",
        "outcome": "offered",
        "detail": detail,
    }


def _received(log: OddLog) -> dict[str, Json]:
    seq = log.chance.choice(log.events("released"))
    item = json.loads(log.lines[seq - 1]).get("item")
    outcome = log.chance.choice(["accepted", "accepted", "refused", "failed", "success"])
    detail: dict[str, Json] = {"released": {"seq": seq, "link": str(log.links[seq])}, "condition": ""}
    return {"type": "received", "item": item, "digests": _manifest(str(item)), "outcome": outcome, "detail": detail}


def _registered(log: OddLog, key: str) -> dict[str, Json]:
    replaces = log.chance.choice([None, None, key_of(log.chance.choice(PEOPLE))])
    transfer = log.chance.choice([None, *log.events("released")])
    detail: dict[str, Json] = {"certificate": key, "subject": "", "replaces": replaces, "transfer": transfer}
    return {"type": "key.registered", "detail": detail}


def _revoked(log: OddLog, key: str) -> dict[str, Json]:
    last = len(log.lines)
    seq = log.chance.choice([last, last, log.chance.randint(1, last)])
    acknowledged: dict[str, Json] = {"seq": seq, "link": str(log.links[seq])}
    detail: dict[str, Json] = {"certificate": key, "reason": "lost", "lost": utc_text(CLOCK())}
    return {"type": "key.revoked", "detail": {**detail, "acknowledged": acknowledged}}


def _unsealing(log: OddLog, item: str) -> dict[str, Json]:
    begun = log.events("unseal.requested")
    if not begun or log.chance.random() < 1 / 4:
        detail: dict[str, Json] = {"second": log.chance.choice(["Дорж", "Болор", "0001", ""])}
        return {"type": "unseal.requested", "item": item, "digests": _manifest(item), "purpose": "p", "detail": detail}
    seq = log.chance.choice([*begun, 1])
    asked = json.loads(log.lines[seq - 1]).get("item")
    named: dict[str, Json] = {"requested": {"seq": seq, "link": str(log.links[seq])}, "files": 1}
    return {
        "type": log.chance.choice(["unseal.approved", "unseal.opened"]),
        "item": asked,
        "digests": _manifest(str(asked), log.chance.choice([SOME, SOME, OTHER])),
        "purpose": "p",
        "detail": named,
    }


def _item_sealed(log: OddLog, item: str) -> dict[str, Json]:
    names = [f"seals/{item}/sealed.p7s", f"items/{item}/sealed.json"]
    replaces = log.chance.choice([SOME, SOME, OTHER, None])
    return {
        "type": "item.sealed",
        "item": item,
        "digests": {**_manifest(item, OTHER), **dict.fromkeys(names[: log.chance.choice([2, 2, 1])], SOME)},
        "purpose": log.chance.choice(["p", "p", " "]),
        "detail": {"replaces": replaces, "files": 1, "bytes": log.chance.choice([1, 0, "1"])},
    }


def _recipient(log: OddLog) -> dict[str, Json]:
    said: dict[str, Json] = {
        "recipient": log.chance.choice(["age1" + "q" * 58, "age1" + "q" * 57, "AGE1" + "Q" * 58]),
        "use": log.chance.choice(["content", "seal", "all"]),
        "pseudonym": log.chance.choice([None, "V-01", "X-01"]),
    }
    return {"type": log.chance.choice(["recipient.added", "recipient.removed"]), "detail": said}


def _by_hand(log: OddLog) -> dict[str, Json]:
    types = ["viewed", "consulted", "copied", "derived", "moved", "sealed", "unsealed", "returned", "disposed", "noted"]
    texts = {key: log.chance.choice(["x", "x", "x", " "]) for key in ("purpose", "place", "authority", "note")}
    keys = ("party", "method", "change", "from", "seal_number", "witness")
    return {
        "type": log.chance.choice(types),
        "item": log.chance.choice(ITEMS),
        **texts,
        "detail": dict.fromkeys(keys, "x"),
    }


def _others(log: OddLog) -> dict[str, Json]:
    item = log.chance.choice(ITEMS)
    said: list[dict[str, Json]] = [
        {"type": "subject.attached", "item": item, "detail": {"pseudonym": log.chance.choice(["V-01", "X-01"])}},
        {"type": "corrected", "note": "n", "detail": {"corrects": log.chance.choice([1, 0, 99])}},
        {"type": "verified", "outcome": "pass", "detail": {"verdict": "x", "head": None, "checks": {}, "failed": []}},
        {"type": "bundle.sealed", "digests": {"root": SOME, "tagmanifest-sha256.txt": SOME}},
        {"type": "noted", "note": "n", "digests": {"seals/heads/000002.tsr": SOME, "seals/heads/2.tsr": SOME}},
        {"type": "a word of the future", "detail": {"a": log.chance.choice(ODD)}},
    ]
    return log.chance.choice(said)


def _anything(log: OddLog) -> tuple[Custodian, dict[str, Json]]:
    """Return an event of some type that could stand here, as likely as not."""
    chance = log.chance
    by, item = chance.choice([PEOPLE[0], PEOPLE[0], chance.choice(PEOPLE)]), chance.choice(ITEMS)
    key = key_of(chance.choice(PEOPLE))
    kinds: list[Callable[[], tuple[Custodian, dict[str, Json]]]] = [
        lambda: (by, {"type": "capture.started", "item": item, "detail": {"url": ""}}),
        lambda: (by, _captured(item, "complete")),
        lambda: (by, {"type": "import.started", "item": item, "detail": {"asked": {}}}),
        lambda: (by, _imported(item, "complete")),
        lambda: (by, _released(log, item)),
        lambda: (by, _released(log, item)),
        lambda: (chance.choice(PEOPLE), _received(log)),
        lambda: (chance.choice(PEOPLE), _received(log)),
        lambda: (by, _registered(log, key)),
        lambda: (by, _registered(log, key_of(by))),
        lambda: (by, _revoked(log, key)),
        lambda: (by, _by_hand(log)),
        lambda: (chance.choice(PEOPLE), _unsealing(log, item)),
        lambda: (chance.choice(PEOPLE), _unsealing(log, item)),
        lambda: (by, _item_sealed(log, item)),
        lambda: (by, _recipient(log)),
        lambda: (by, _others(log)),
    ]
    return chance.choice(kinds)()


def _spoiled(said: dict[str, Json], chance: Random) -> dict[str, Json]:
    """Return what is *said* with one member, of it or inside it, gone, odd or added."""
    copy: dict[str, Json] = json.loads(json.dumps(said))
    place = copy
    while isinstance(inside := place.get(chance.choice([*place, ""])), dict) and inside:
        place = inside
    key = chance.choice([*place, "seq", "case", "local"]) if place is copy else chance.choice([*place])
    if chance.random() < 1 / 4:
        place.pop(key, None)
    else:
        place[key if chance.random() < 9 / 10 else "more"] = chance.choice(ODD)
    return copy


def odd_log(chance: Random, *, spoiled: int) -> OddLog:
    """Return a log of some events, in which about *spoiled* of them say something odd."""
    log = OddLog(chance)
    log.add(
        PEOPLE[0], {"type": "case.opened", "digests": {"case.json": str(sha256_bytes(CASE))}, "detail": {"format": 1}}
    )
    log.add(PEOPLE[0], _registered(log, key_of(PEOPLE[2])))
    log.add(PEOPLE[0], {"type": "capture.started", "item": ITEMS[0], "detail": {"url": ""}})
    log.add(PEOPLE[0], _captured(ITEMS[0], "complete"))
    count = chance.randint(2, 12)
    for _ in range(count):
        CLOCK.forward(chance.choice([0, 0.004, 700]))
        by, said = _anything(log)
        if chance.random() >= spoiled / count:
            log.add(by, said)
        elif chance.random() < 1 / 5:
            log.add(by, said, signer=chance.choice(PEOPLE), late=chance.choice([0, 1]))
        else:
            log.add(by, _spoiled(said, chance))
    return log


def withhold_some(log: OddLog) -> tuple[tuple[bytes, bytes], bytes]:
    """Begin a bundle that withholds some events and states it, rightly or not.

    Return its two files, and the file of the withheld events; raises `FormatError` if one of them could not be read.
    """
    chance = log.chance
    hidden = set(chance.sample(range(2, len(log.lines) + 1), chance.choice([1, 2, 3])))
    lines = withheld_lines(withhold(log.stored, hidden, _DECISION)[0])
    types = [event.type for event, _ in lines.values()]
    stated: dict[str, Json] = {"events": len(hidden), "items": len(log.events("captured")), "ground": "g"}
    stated |= {"abandoned": types.count("capture.started") - types.count("captured"), "decided_by": "d"}
    if chance.random() < 1 / 4:
        stated[chance.choice([*stated])] = chance.choice(ODD)
    digests: dict[str, Json] = {"withheld": str(lines_digest(line for _, line in lines.values()))}
    log.add(PEOPLE[0], {"type": "bundle.started", "digests": digests, "detail": {"withheld": stated}})
    return withhold(log.stored, hidden, _DECISION), write_withheld(log.stored, hidden, "2026-1")


def write_bundle(folder: Path, stored: tuple[bytes, bytes]) -> None:
    """Write what a bundle has beside its items and seals, with the two files *stored* as its log."""
    trust = folder / "data" / "trust"
    trust.mkdir(parents=True)
    (folder / "data" / "case.json").write_bytes(CASE)
    for name, data in zip(("custody.jsonl", "custody.sig"), stored, strict=True):
        (folder / "data" / name).write_bytes(data)
    for custodian in PEOPLE:
        for certificate in (custodian.signer.certificate, *custodian.signer.chain):
            (trust / f"cert-{certificate.fingerprint}.pem").write_bytes(certificate.pem())
