"""``--results``: a CSV file (RFC 4180, UTF-8 with its mark, as spreadsheets expect) with one row per link.

Every row is on the disk when its link is done, so that a crash costs none. No cell can become a formula.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from evidence_kit.canonical import Json
from evidence_kit.display import csv_cell
from evidence_kit.errors import UsageError

COLUMNS = (
    "line",
    "url",
    "item",
    "status",
    "http_status",
    "final_url",
    "started",
    "finished",
    "timestamp",
    "problems",
    "practice",
    "signer_trust",
)


class ResultFile:
    """An open file of results; a context manager."""

    def __init__(self, path: Path) -> None:
        """Make the file; raises `UsageError` when it is there already, `OSError` when it cannot be made."""
        try:
            self._stream = path.open("x", encoding="utf-8-sig", newline="")
        except FileExistsError as error:
            raise UsageError(f"{path} is already there and is never overwritten", hint="name a new file") from error
        self._rows = csv.writer(self._stream)
        self._rows.writerow(COLUMNS)

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._stream.close()

    def add(self, row: Mapping[str, Json]) -> None:
        """Write the columns of *row*, those it lacks empty; raises `OSError`."""
        self._rows.writerow([csv_cell("" if (value := row.get(name)) is None else str(value)) for name in COLUMNS])
        self._stream.flush()
