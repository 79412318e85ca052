"""How custody events belong together, for people: hand-overs and their answers, corrections and what they correct."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.cli.output import say
from evidence_kit.display import shorten
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.custody.chain import LogFindings
    from evidence_kit.custody.transfers import HandOver

_LONGEST = 60


def tell_open(texts: Texts, open_ones: "Sequence[HandOver]") -> None:
    """Say which hand-overs nobody has signed for yet, and what the receiver has to do."""
    for given in open_ones:
        say(texts.say("hand-over.open", item=given.item, seq=given.released.seq, giver=given.giver, to=given.to.name))
    if open_ones:
        say(texts.say("hand-over.how"))


def custody_of(log: "LogFindings", item: str) -> dict[str, Json]:
    """Return who holds *item* and the hand-over it is on, as members of ``items[]``."""
    given = log.transfers.open_of(item)
    key = log.transfers.holders.get(item)
    certificate = log.certificates.get(key.hex) if key else None
    return {
        "holder": certificate.subject if certificate else None,
        "holder_certificate": str(key) if key else None,
        "transfer": given.to_json() if given else None,
    }


def corrections(log: "LogFindings") -> list[Json]:
    """Return which event is corrected by which."""
    return [{"event": corrected, "by": by} for corrected, by, _ in _corrections(log)]


def remarks(texts: Texts, log: "LogFindings") -> dict[int, str]:
    """Return by number what an event has to do with others."""
    found: dict[int, list[str]] = {}
    for corrected, by, note in _corrections(log):
        found.setdefault(corrected, []).append(texts.say("custody.corrected-by", seq=by, note=note))
        found.setdefault(by, []).append(texts.say("custody.corrects", seq=corrected))
    for given in log.transfers.hand_overs.values():
        state = texts.say(f"hand-over.state-{given.state}", to=given.to.name)
        found.setdefault(given.released.seq, []).append(state)
        if given.received:
            said = texts.say("hand-over.answers", seq=given.released.seq)
            found.setdefault(given.received.seq, []).append(said)
    return {seq: "; ".join(parts) for seq, parts in found.items()}


def _corrections(log: "LogFindings") -> list[tuple[int, int, str]]:
    found = []
    for event in log.full_events():
        corrected = event.detail.get("corrects")
        if event.type == "corrected" and isinstance(corrected, int):
            found.append((corrected, event.seq, shorten(event.note, _LONGEST)))
    return found
