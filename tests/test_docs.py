"""The specification names what the program checks."""

import re
from pathlib import Path

from evidence_kit.verify.catalogue import TITLES


def test_the_specification_lists_every_check_and_no_other(project: Path) -> None:
    text = (project / "docs" / "evidence-format.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `([a-z]+\.[a-z-]+)` \|", text.partition("## 9. Checks")[2], re.MULTILINE) == list(TITLES)
