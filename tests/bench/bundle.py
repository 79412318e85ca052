"""Measure what making a report costs, beside fpdf2, which writes the same pictures into one bare PDF.

The pictures are viewing copies of screenshots of 1280 x 6000 pixels, five to an exhibit, all different. Making them is
measured apart. Memory is what all processes had resident together, sampled; what they share is counted once (PSS).
"""

import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH
from evidence_kit.bundle.report_model import CustodyEntry, Exhibit, Language
from evidence_kit.bundle.volumes import Limits, divide, render_volumes
from evidence_kit.case.stamping import Stamping
from evidence_kit.pictures.viewing_copy import Cutting, ViewingCopy, cut
from tests.bench.measuring import Bench
from tests.bench.watching import Watched
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.report_cases import MOMENT, digest_of, exhibit_of, report_of
from tests.support.whole_way import WholeWay

_EXHIBITS = 1000
_PATTERNS = 4
_CUT = 16
_ROUNDS = 3
_MEGABYTE = 1e6
_FPDF2 = Path(__file__).parents[2] / ".oracles/fpdf2/bin/python"
_BARE = """
import sys
from pathlib import Path
from fpdf import FPDF

pdf = FPDF()
for picture in sorted(Path(sys.argv[1]).rglob("*.jpg")):
    pdf.add_page()
    pdf.image(picture, 20, 20, w=170)
pdf.output(sys.argv[2])
"""

_CUTTING = """
import sys
from functools import partial
from pathlib import Path
from evidence_kit.pictures.viewing_copy import Cutting, cut
from evidence_kit.processes import spread

shots, target, (processes, width, height) = Path(sys.argv[1]), Path(sys.argv[2]), map(int, sys.argv[3:])
work = partial(cut, page_width_px=width, slice_height_px=height)
parts = [Cutting(picture=shot, folder=target / shot.stem, blur=False) for shot in sorted(shots.iterdir())]
assert len(list(spread(work, parts, processes=processes))) == len(parts)
"""


def bundle(bench: Bench) -> None:
    """Print every part."""
    print("\n| measured | ours | beside | ratio |\n|---|---|---|---|", flush=True)
    with TemporaryDirectory(dir=bench.folder) as name:
        folder = Path(name)
        _small(folder)
        _cutting(folder)
        _large(folder)


def _small(folder: Path) -> None:
    """A whole bundle of ten exhibits: log, copy of the case, viewing copies, report, signature, bag."""
    custodian = practice_custodian(SetClock(datetime.now(UTC).replace(microsecond=0)))
    case = open_case(folder / "case", custodian)
    for number in range(10):
        commit_small_item(case, custodian, screenshot=_screenshot(number))
    way = WholeWay(case=case, custodian=custodian, roots=roots_of(custodian.signer), stamping=Stamping())
    times = [_timed(partial(_bundled, way, folder / f"bundle-{number}")) for number in range(_ROUNDS)]
    clock, processor = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"| bundle of 10 exhibits, signed (clock; processor) | {clock:.1f} s; {processor:.1f} s | | |", flush=True)


def _bundled(way: WholeWay, target: Path) -> None:
    way.bundle(target, processes=2)


def _cutting(folder: Path) -> None:
    """Make the viewing copies of some screenshots in one process and in two, as the command does."""
    (folder / "shots").mkdir()
    for number in range(_CUT):
        (folder / "shots" / f"{number}.png").write_bytes(_screenshot(number))
    one, two = (_timed(partial(_cut_all, folder, count))[0] for count in (1, 2))
    print(f"| viewing copies of {_CUT} screenshots, two processes (clock) | {two:.1f} s | one: {one:.1f} s", end=" ")
    print(f"| {two / one:.2f} |", flush=True)


def _cut_all(folder: Path, processes: int) -> None:
    words = (folder / "shots", folder / f"cut-{processes}", processes, SLICE_WIDTH, SLICE_HEIGHT)
    subprocess.run([sys.executable, "-c", _CUTTING, *map(str, words)], check=True)


def _large(folder: Path) -> None:
    """A report of a thousand exhibits, in a process of its own so that all its memory can be seen."""
    copies = _copies(folder)
    size = sum(each.bytes for copy in copies for each in copy.slices)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_report, args=(copies, folder / "report"))
    with Watched(_of_children) as watched:
        ours = _timed(partial(_run, process))
    assert process.exitcode == 0
    volumes = len(list((folder / "report").iterdir()))
    command = [str(_FPDF2), "-c", _BARE, str(folder / "copies"), str(folder / "bare.pdf")]
    with Watched(_of_children) as watched_bare:
        bare = _timed(lambda: subprocess.run(command, check=True))
    what = f"report of {_EXHIBITS} exhibits, {size / _MEGABYTE:.0f} MB of pictures, {volumes} volumes"
    for name, mine, theirs in zip(("clock", "processor"), ours, bare, strict=True):
        print(f"| {what} ({name}) | {mine:.1f} s | fpdf2: {theirs:.1f} s | {mine / theirs:.2f} |", flush=True)
    print(f"| memory of all processes together | {watched.most:.0f} MB | {watched_bare.most:.0f} MB | |", flush=True)


def _run(process: BaseProcess) -> None:
    process.start()
    process.join()


def _copies(folder: Path) -> list[ViewingCopy]:
    """Return a viewing copy for each exhibit: some patterns, made different by a comment (ITU-T T.81, B.2.4.5)."""
    patterns = []
    for number in range(_PATTERNS):
        (folder / f"pattern-{number}.png").write_bytes(_screenshot(number))
        cutting = Cutting(picture=folder / f"pattern-{number}.png", folder=folder / f"pattern-{number}", blur=False)
        patterns.append(cut(cutting, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT))
    copies = []
    for number in range(_EXHIBITS):
        target = folder / "copies" / f"{number:04}"
        target.mkdir(parents=True)
        pattern = patterns[number % _PATTERNS]
        slices = []
        for each in pattern.slices:
            data = each.path.read_bytes()
            path = target / each.path.name
            path.write_bytes(data[:2] + b"\xff\xfe\x00\x06%04d" % number + data[2:])
            slices.append(replace(each, path=path, bytes=len(data) + 8))
        copies.append(replace(pattern, slices=tuple(slices)))
    return copies


def _report(copies: list[ViewingCopy], folder: Path) -> None:
    folder.mkdir()
    data = report_of(*(exhibit_of(number, screenshot=copy) for number, copy in enumerate(copies, start=1)))
    log = tuple(event for exhibit in data.exhibits for event in _events(exhibit))
    volumes = divide(data.exhibits, rows=len(data.attempts) + len(log), limits=Limits())
    data = replace(data, custody=log, volumes=volumes)
    made = render_volumes(data, folder, language=Language.BOTH, attachments={}, timestamp=MOMENT, processes=2)
    assert all(not each.warnings for each in made)


def _events(exhibit: Exhibit) -> Iterator[CustodyEntry]:
    """Yield what the custody log says of an exhibit, at the least: that it was begun, and what became of it."""
    for seq, name in enumerate(("capture.started", "captured"), start=2 * exhibit.number):
        digest = digest_of(f"{seq}")
        yield CustodyEntry(
            seq=seq, time=exhibit.started, type=name, line_sha256=digest, actor="Б. Сургалт", item=exhibit.item
        )


def _screenshot(number: int) -> bytes:
    """Return a PNG like a long page: lines of text, and pictures between them that do not compress."""
    picture = Image.new("RGB", (1280, 6000), "white")
    draw = ImageDraw.Draw(picture)
    noise = Image.effect_noise((600, 400), 90).convert("RGB")
    for row in range(100):
        if row % 12 == 0:
            picture.paste(noise, (80, row * 60))
        draw.text(
            (700, row * 60), f"{number} {row} сайн байна уу, энэ бол сургалтын хуудас " * 2, "black", font_size=24
        )
    out = BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the clock and of the processor, children included, that *work* took."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = [resource.getrusage(kind) for kind in kinds]
    began = time.monotonic()
    work()
    clock = time.monotonic() - began
    after = [resource.getrusage(kind) for kind in kinds]
    used = sum(
        now.ru_utime + now.ru_stime - then.ru_utime - then.ru_stime for now, then in zip(after, before, strict=True)
    )
    return clock, used


def descendants(parent: int) -> Iterator[int]:
    """Yield the processes that *parent* began, and theirs."""
    # Processes end while we look.
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        for task in Path(f"/proc/{parent}/task").iterdir():
            if task.name != str(parent):
                children += (task / "children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from descendants(child)


def _of_children() -> float:
    """Return the memory of this process's children and theirs, in MB (PSS)."""
    return sum(_resident(os.getpid()))


def _resident(parent: int) -> Iterator[float]:
    for child in descendants(parent):
        try:
            told = Path(f"/proc/{child}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        yield sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) * 1024 / _MEGABYTE
