"""How people read what a bundle withholds."""

from collections.abc import Mapping

from evidence_kit.canonical import Json
from evidence_kit.display import visible
from evidence_kit.texts import Texts


def withheld_rows(texts: Texts, withheld: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return the lines of *withheld*, the member of results of that name; none if nothing was left out."""
    counts = [(key, withheld.get(key)) for key in ("items", "events", "abandoned")]
    said = [(key, withheld.get(key)) for key in ("ground", "decided_by")]
    return [(texts.say(f"withheld.{key}"), visible(str(value))) for key, value in (*counts, *said) if value]
