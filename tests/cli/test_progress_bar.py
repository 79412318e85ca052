"""The bar on a terminal, and nothing where nobody watches."""

import io
import sys

import pytest

from evidence_kit.cli.progress_bar import ProgressBar


class Terminal(io.StringIO):
    """A stderr that says it is a terminal, of unknown width."""

    def isatty(self) -> bool:
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the stderr from now on; a fixture would lose it again to the capturing of output."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_into_a_pipe_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar(4)

    bar.draw(1, "1/4")
    bar.clear()

    assert capsys.readouterr() == ("", "")


def test_the_bar_is_written_over_itself_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    bar = ProgressBar(4)

    bar.draw(1, "дөрвийн нэг")
    bar.draw(4, "4/4")
    bar.clear()
    bar.clear()

    first, second, blank, end = terminal.getvalue().split("\r")[1:]
    assert first == "[###---------] дөрвийн нэг"
    assert second.rstrip() == "[############] 4/4"
    assert len(second) == len(first)
    assert (blank.strip(), len(blank), end) == ("", len(second.rstrip()), "")


def test_a_long_sentence_is_cut_so_that_it_stays_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    ProgressBar(4).draw(1, "漢" * 100)

    assert 30 < len(terminal.getvalue()) < 60
    assert "\x1b" not in terminal.getvalue()


def test_the_rest_takes_as_long_as_what_is_done_suggests() -> None:
    times = iter([0.0, 100.0])
    bar = ProgressBar(110, clock=lambda: next(times))

    assert bar.left(0) == "–"
    assert bar.left(2) == "1:30:00"
