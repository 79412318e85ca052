"""What people read of a sealed item: that it is sealed, how much of it there is, and how many keys open it."""

from evidence_kit.canonical import Json
from evidence_kit.errors import UsageError
from evidence_kit.texts import Texts


def sealed_pairs(texts: Texts, item: dict[str, Json]) -> list[tuple[str, str]]:
    """Return the rows of an ``items[]`` member that is sealed; none for any other."""
    match item.get("sealed"):
        case {"files": int(count), "bytes": int(size), "keys": int(keys)}:
            return [
                (texts.say("sealed.amount"), texts.say("supplied.bytes", count=count, bytes=size)),
                (texts.say("sealed.keys"), str(keys)),
            ]
    return []


def refuse_content(item: str) -> None:
    """Raise `UsageError`: nothing of a sealed item is shown."""
    raise UsageError(
        f"{item} is sealed: nothing was read from it, and nothing of it is shown",
        hint=f"two officers open it together: evidence-kit unseal {item} --help",
    )
