"""Keep bytes that nobody could read, so that none is lost."""

from collections.abc import Sequence
from datetime import datetime

from evidence_kit.wire.bodies import BodyFolder
from evidence_kit.wire.exchange import Extent, RawBytes
from evidence_kit.wire.frames import Frame
from evidence_kit.wire.source import Source
from evidence_kit.wire.streams import Side


def take_rest(
    source: Source, bodies: BodyFolder, *, url: str, reason: str, before: Sequence[Frame] = ()
) -> RawBytes | None:
    """Take everything that *source* still has, after frames that were taken *before*; None when that is nothing."""
    started = before[0].started if before else source.next_time
    if started is None:
        return None
    offset = before[0].offset if before else source.offset
    body = bodies.new("raw")
    for frame in before:
        body.write(frame.header + frame.payload)
    while data := source.take():
        body.write(data)
    return RawBytes(
        url=url,
        side=source.side,
        started=started,
        ended=source.last_time or started,
        body=body.stored(),
        reason=reason,
        extent=Extent(offset=offset, length=source.offset - offset),
    )


class Aside:
    """Frames of one side that belong to no exchange any more, one after the other."""

    def __init__(self, side: Side, bodies: BodyFolder) -> None:
        """Nothing is written before there is such a frame."""
        self._side = side
        self._body = bodies.new("raw")
        self._offset = 0
        self._started: datetime | None = None
        self._ended: datetime | None = None

    def add(self, frame: Frame) -> None:
        """Put *frame* aside."""
        if self._started is None:
            self._started, self._offset = frame.started, frame.offset
        self._ended = frame.ended
        self._body.write(frame.header + frame.payload)

    def finish(self, *, url: str) -> RawBytes | None:
        """Return what was put aside; None when that is nothing."""
        if self._started is None or self._ended is None:
            return None
        body = self._body.stored()
        return RawBytes(
            url=url,
            side=self._side,
            started=self._started,
            ended=self._ended,
            body=body,
            reason="frames on streams that were over",
            extent=Extent(offset=self._offset, length=body.length),
        )
