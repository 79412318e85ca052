"""Lists of hash values: every form in which they come, and none that is understood by halves."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.intake import hash_lists
from evidence_kit.intake.hash_lists import HashList, look_alike, look_up, read_hash_list
from evidence_kit.intake.sources import find_sources
from evidence_kit.models import Digest
from tests.unit.pictures.test_perceptual import picture

ONE, TWO, ABSENT = (hashlib.sha256(word).digest() for word in (b"one", b"two", b"absent"))
Write = Callable[[bytes], HashList]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    """Return a function that reads bytes as a list."""

    def read_bytes(data: bytes) -> HashList:
        (tmp_path / "list.txt").write_bytes(data)
        return read_hash_list(tmp_path / "list.txt")

    return read_bytes


FORMS = {
    "bare": b"%s\n%s\n",
    "no last line feed": b"%s\n%s",
    "CR LF": b"%s\r\n%s\r\n",
    "sha256sum": b"%s  a name\n%s *\xff\xfe.jpg\n",
    "a name that sha256sum escaped": b"%s  a\n\\%s  two\\nlines\n",
    "byte order mark": b"\xef\xbb\xbf%s\n%s\n",
    "byte order mark before a comment": b"\xef\xbb\xbf# x\n%s\n%s\n",
    "comments and empty lines": b"# \xd0\xb6\n\n%s\n   \n\t# more\n%s\n\n",
    "spaces around": b"  %s \n\t%s\t\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", [bytes.lower, bytes.upper])
def test_every_form_is_read_as_the_same_list(read: Write, form: str, case: Callable[[bytes], bytes]) -> None:
    data = FORMS[form] % tuple(case(value.hex().encode()) for value in (ONE, TWO))

    found = read(data)

    assert found.entries == 2
    assert [Digest(value) in found for value in (ONE, TWO, ABSENT)] == [True, True, False]
    assert found.sha256 == Digest(hashlib.sha256(data).digest())


WRONG = {
    "one digit less": (b"%s\n" + b"a" * 63 + b"\n", 2),
    "one digit more": (b"%s\n\n" + b"a" * 65 + b"\n", 3),
    "another letter": (b"# x\n%s\n" + b"g" * 64 + b"\n", 3),
    "MD5": (b"%s\n" + b"a" * 32 + b"\n", 2),
    "a name without its value": (b"%s\nname.jpg\n", 2),
    "one space before the name": (b"%s name.jpg\n", 1),
    "two values on a line": (b"%s %s\n" % (b"%s", b"a" * 64), 1),
    "UTF-16": ("\ufeff%s\n".encode("utf-16-le"), 1),
    "a line without end": (b"%s\n" + b"x" * 70_000, 2),
    "a value after a carriage return in a name": (b"%s  a\rb\n", 2),
    "PDQ of another length": (b"%s\npdq:" + b"a" * 62 + b"\n", 2),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_line_that_is_not_understood_refuses_the_list_by_its_number(read: Write, wrong: str) -> None:
    data, number = WRONG[wrong]

    with pytest.raises(FormatError, match=f"line {number} is neither"):
        read(data.replace(b"%s", ONE.hex().encode()))


@pytest.mark.parametrize("data", [b"", b"# nothing\n\n", b"\xef\xbb\xbf"])
def test_a_list_without_an_entry_is_refused(read: Write, data: bytes) -> None:
    with pytest.raises(FormatError, match="no entry"):
        read(data)


def test_a_long_list_is_read_over_the_ends_of_its_blocks_and_mixed_forms(read: Write) -> None:
    values = [hashlib.sha256(b"%d" % number).digest() for number in range(40_000)]
    lines = [value.hex().encode() + (b"  name" if number > 30_000 else b"") for number, value in enumerate(values)]

    found = read(b"\n".join(lines))

    assert found.entries == 40_000
    assert all(Digest(value) in found for value in values)
    assert not any(Digest(hashlib.sha256(b"-%d" % number).digest()) in found for number in range(2_000))


def test_the_end_of_one_entry_and_the_beginning_of_the_next_are_none(read: Write) -> None:
    first, second = ONE[:2] + b"\x00" * 14 + ONE[:2] + b"\x01" * 14, ONE[:2] + b"\x02" * 30

    found = read(first.hex().encode() + b"\n" + second.hex().encode() + b"\n")

    assert Digest((first + second)[16:48]) not in found
    assert Digest(first) in found
    assert Digest(second) in found


def test_a_list_beyond_what_fits_is_refused(read: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_lists, "MOST_ENTRIES", 1)

    with pytest.raises(FormatError, match="more than 1 entries"):
        read(b"%s\n%s\n" % (ONE.hex().encode(), TWO.hex().encode()))


def test_files_are_found_by_number_and_counted_for_each_list(read: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("absent", "one", "two"):
        (tmp_path / "folder" / name).write_bytes(name.encode())
    both, one = read(b"%s\n%s\n" % (ONE.hex().encode(), TWO.hex().encode())), read(ONE.hex().encode())

    sources, hits = look_up(find_sources([tmp_path / "folder"], case=tmp_path / "case"), (both, one))

    assert hits == (2, 3)
    assert [each.to_json() for each in sources.consulted] == [
        {"list": str(both.sha256), "entries": 2, "pdq": None, "hits": 2},
        {"list": str(one.sha256), "entries": 1, "pdq": None, "hits": 1},
    ]


def test_a_file_that_went_away_is_left_to_the_taking(read: Write, tmp_path: Path) -> None:
    (tmp_path / "gone").write_bytes(b"one")
    sources = find_sources([tmp_path / "gone"], case=tmp_path / "case")
    (tmp_path / "gone").unlink()

    assert look_up(sources, (read(ONE.hex().encode()),))[1] == ()


def test_a_picture_that_was_saved_anew_is_found_by_its_looks_alone(read: Write, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"no picture")
    picture(256, 200, 5).save(tmp_path / "b.jpg", quality=60)
    picture(256, 200, 9).save(tmp_path / "c.png")
    pdq = b"pdq:0FFAE60C84FD3F81D02081578fe23b317115f0fe0a3db4eae7dc8ce899cc9898\n"
    known = read(ONE.hex().encode() + b"\n" + pdq)
    given = [tmp_path / name for name in ("a.txt", "b.jpg", "c.png")]

    sources, by_bytes = look_up(find_sources(given, case=tmp_path / "case"), (known,))
    sources, by_looks = look_alike(sources, (known,))

    assert (known.entries, known.pictures) == (1, 1)
    assert (by_bytes, by_looks) == ((), (2,))
    assert [each.to_json() for each in sources.consulted] == [
        {"list": str(known.sha256), "entries": 1, "pdq": 1, "hits": 1}
    ]
