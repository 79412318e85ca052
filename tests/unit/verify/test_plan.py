"""Plans of exhibits as the verifier reads them: in the one form in which they are written."""

import pytest

from evidence_kit.bundle.exhibit_plan import read_plan
from evidence_kit.errors import FormatError
from evidence_kit.verify.plan import planned_items

HEAD = 'schema = "evidence-kit/exhibits/1"\n'
BLOCK = '\n[[exhibit]]\nitem = "{0}"\nlabel = "{1}"\ntitle = ""\nwhy = "\\"x\\" = [[exhibit]]"\nblurred = true\n'
FIRST, SECOND = BLOCK.format("EV-0001", "A"), BLOCK.format("EV-0002", "B")


@pytest.mark.parametrize(
    "text", [HEAD + FIRST, HEAD + SECOND + "pages = [1, 2]\n" + FIRST + "regions = [[0, 0, 9, 9]]\n"]
)
def test_every_written_plan_is_read(text: str) -> None:
    assert planned_items(read_plan(text.encode(), name="plan").to_toml()) == [
        exhibit.item for exhibit in read_plan(text.encode(), name="plan").exhibits
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        FIRST,
        HEAD + FIRST.replace('title = ""', "title = '''\n[[exhibit]]\nitem = \"EV-0009\"\n'''"),
        HEAD + FIRST.replace("blurred = true", "blurred = 1"),
        HEAD + FIRST + "more = 1\n",
        HEAD + FIRST.replace('label = "A"\n', 'label = "A\\'),
    ],
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="not in the form of a plan"):
        planned_items(text.encode())
