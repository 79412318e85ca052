"""Findings gathered while an export is read: each kind once, with how often it was met and where first."""

from evidence_kit.intake.findings import Finding, Source


class Notes:
    """What is worth saying about an export; flat in memory, however often it happens."""

    def __init__(self) -> None:
        """Start with nothing to say."""
        self._counts: dict[tuple[str, str], int] = {}
        self._first: dict[tuple[str, str], Source] = {}

    def add(self, code: str, detail: str, source: Source, count: int = 1) -> None:
        """Note that *code* was met *count* times more; *detail* is one sentence of ours, never text from outside."""
        key = code, detail
        self._counts[key] = self._counts.get(key, 0) + count
        self._first.setdefault(key, source)

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding a kind, its value being the count and its source the first place."""
        return tuple(
            Finding(code=code, value=count, detail=detail, source=self._first[code, detail])
            for (code, detail), count in self._counts.items()
        )
