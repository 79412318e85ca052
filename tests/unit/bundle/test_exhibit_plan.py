"""A plan of exhibits is read strictly, within bounds, and every error names the line and says what to do."""

import pytest

from evidence_kit.bundle.exhibit_plan import LARGEST, ExhibitPlan, PlannedExhibit, read_plan
from evidence_kit.errors import UsageError
from evidence_kit.pictures.viewing_copy import Region

HEAD = 'schema = "evidence-kit/exhibits/1"\n'
FIRST = HEAD + '[[exhibit]]\nitem = "EV-0001"\nlabel = "A"\n'


def read(text: str | bytes) -> ExhibitPlan:
    return read_plan(text if isinstance(text, bytes) else text.encode(), name="exhibits.toml")


def test_a_plan_says_what_is_shown_and_how() -> None:
    plan = read(
        f"\ufeff# товч\r\n{HEAD}"
        '[[exhibit]]\r\nitem = "EV-0002"\r\nlabel = "1-р хавсралт"\r\ntitle = "Зураг"\r\n'
        'why = """\r\nНэг # [[exhibit]]\r\nХоёр"""\r\n'
        "blurred = false\nregions = [[0, 10, 1280, 600]]\n"
        '[[exhibit]]\nitem = "EV-0001"\nlabel = "Exhibit B"\npages = [1, 3]\n'
    )

    assert plan.exhibits == (
        PlannedExhibit(
            item="EV-0002",
            label="1-р хавсралт",
            title="Зураг",
            why="Нэг # [[exhibit]]\nХоёр",
            blurred=False,
            regions=(Region(left=0, top=10, right=1280, bottom=600),),
        ),
        PlannedExhibit(item="EV-0001", label="Exhibit B", pages=(1, 3)),
    )
    assert [exhibit.line for exhibit in plan.exhibits] == [4, 13]


def test_what_goes_into_a_bundle_is_read_as_the_same_plan_and_holds_no_remark() -> None:
    plan = read(FIRST + '# a secret\nwhy = "a \\"word\\" \\\\ and\\nanother"\nregions = [[1, 2, 3, 4]] # of it\n')

    written = plan.to_toml()

    assert b"#" not in written
    assert b"secret" not in written
    assert read(written) == plan
    assert read(written).to_toml() == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: this is not a plan"),
        ('schema = "evidence-kit/exhibits/2"\n', "line 1: this is not a plan"),
        ("# remark\nschema = 1\n", "line 2: this is not a plan"),
        (HEAD, "line 1: no exhibit is planned"),
        (HEAD + "exhibit = 1\n", "line 2: no exhibit is planned"),
        (HEAD + 'exhibit = [ {item = "EV-0001"} ]\n', "line 2: '{' stands outside"),
        (HEAD + "colour = 1\n", "line 2: 'colour' is not known"),
        (FIRST + 'titel = "x"\n', "line 5: 'titel' is not known"),
        (FIRST + "title = 5\n", "line 5: title is not text"),
        (FIRST + 'blurred = "no"\n', "line 5: blurred is neither"),
        (FIRST + 'title = "a\u202eb"\n', r"line 5: title has characters that cannot be seen: a\\u{202E}b"),
        (FIRST + 'title = "a\\u001b[1m"\n', "line 5: title has characters that cannot be seen"),
        (FIRST + 'title = "a\\nb"\n', "line 5: title has characters that cannot be seen"),
        (FIRST + 'title = "a\x01b"\n', r"cannot be read: Illegal character .* \(at line 5, column"),
        (FIRST + f'title = "{"x" * 201}"\n', "line 5: title is longer than 200"),
        (FIRST + "title = x\n", r"cannot be read: .* \(at line 5, column"),
        (FIRST + "pages = [0]\n", "line 5: pages is not a list of pages"),
        (FIRST + "pages = [2, 1]\n", "line 5: pages is not a list of pages"),
        (FIRST + "pages = [true]\n", "line 5: pages is not a list of pages"),
        (FIRST + "pages = [1]\nregions = [[0, 0, 1, 1]]\n", "line 6: pages and regions both"),
        (FIRST + "regions = [[0, 0, 0, 1]]\n", "line 5: regions is not a list of regions"),
        (FIRST + "regions = [0, 0, 1, 1]\n", "line 5: regions is not a list of regions"),
        (FIRST + f"regions = [[0, 0, 1, {10**400}]]\n", "line 5: regions is not a list of regions"),
        (FIRST + 'a.b = "x"\n', "line 5: '.' stands outside"),
        (FIRST + FIRST.removeprefix(HEAD), "line 6: 'EV-0001' stands in line 3 already"),
        (FIRST + '[[exhibit]]\nitem = "EV-0002"\nlabel = "a"\n', "line 7: 'a' stands in line 4 already"),
        (HEAD + '[[exhibit]]\nitem = "../EV-0001"\nlabel = "A"\n', "line 3: no item is named"),
        (HEAD + '[[exhibit]]\nlabel = "A"\n', "line 2: no item is named"),
        (HEAD + '[[exhibit]]\nitem = "EV-0001"\n', "line 2: the exhibit has no label"),
        (HEAD + '[exhibit]\nitem = "EV-0001"\nlabel = "A"\n', "line 2: no exhibit is planned"),
        (FIRST.encode() + b'title = "\xff"\n', "line 5: it is not UTF-8"),
        (b"#" * (LARGEST + 1), "is larger than"),
    ],
)
def test_an_error_names_the_line_and_says_what_to_do(text: str | bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        read(text)

    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "a" + ".a" * 100_000 + " = 1\n",
        HEAD + "x = " + "[" * 1_000_000,
        HEAD + 'x = """\n' + '\\"""\n' * 100_000,
        HEAD + "x = '''\n" + "'\n" * 100_000,
        HEAD + "[[exhibit]]\n" * 20_000,
        HEAD + "[exhibit" + ".a" * 100_000 + "]\n",
    ],
)
def test_a_plan_made_to_exhaust_the_reader_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)
