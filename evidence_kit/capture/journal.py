"""Write down what the browser tells at the moment it tells it, so that a capture that is killed can still be completed.

The file has one JSON object a line: ``time`` (microseconds since 1970), and either ``told``, a message of the browser
as it came, or ``note`` and ``value``. Each line goes to the system at once; the last may be torn.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evidence_kit.browser.cdp import Event
from evidence_kit.canonical import Json
from evidence_kit.models import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: an event of the browser, or a note of ours."""

    time: datetime
    event: Event | None = None
    note: str = ""
    value: Any = None


class Journal:
    """An open journal; a context manager. `OSError` passes through."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Begin the file at *path*, which must not be there."""
        self._stream = path.open("xb", buffering=0)
        self._clock = clock
        self.size = 0
        """Bytes written so far."""

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._stream.close()

    def event(self, event: Event) -> None:
        """Keep *event* if it tells of traffic; the bytes of bodies are not repeated here."""
        if not event.method.startswith("Network."):
            return
        told = event.text
        if not told or "\n" in told or (event.method == "Network.dataReceived" and '"data":' in told):
            params = {name: value for name, value in event.params.items() if name != "data"}
            told = _dumps({"method": event.method, "params": params, "sessionId": event.session})
        self._write("told", told)

    def note(self, name: str, value: Json) -> None:
        """Keep something that we found or did."""
        self._write("value", _dumps(value), f'"note":{_dumps(name)},')

    def _write(self, name: str, value: str, before: str = "") -> None:
        moment = (self._clock() - _EPOCH) // _MICROSECOND
        line = f'{{"time":{moment},{before}"{name}":{value}}}\n'.encode("utf-8", "surrogatepass")
        self._stream.write(line)
        self.size += len(line)


def _dumps(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))


def read_journal(path: Path) -> Iterator[Line]:
    """Yield the lines of the journal at *path* up to its end or the first torn line; none when there is no file."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            try:
                value = json.loads(line)
            except ValueError:
                return
            moment = _EPOCH + value["time"] * _MICROSECOND
            if "note" in value:
                yield Line(time=moment, note=value["note"], value=value["value"])
            else:
                told = value["told"]
                event = Event(method=told["method"], params=told.get("params", {}), session=told["sessionId"])
                yield Line(time=moment, event=event)
