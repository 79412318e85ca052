"""Which of the files that were handed over are the parts of one conversation."""

import re
from collections.abc import Sequence

from evidence_kit.intake.chats.originals import Original

_NUMBERED = re.compile(r"messages?_?(\d{0,6})\.(?:json|html)", re.IGNORECASE)
"""Facebook and Instagram: ``message_1.json``, ``message_2.json``; Telegram: ``messages.html``, ``messages2.html``."""


def threads(originals: Sequence[Original]) -> list[list[Original]]:
    """Return the files of each conversation, in the order of their numbers.

    Files of one folder belong together, also when the download was split into several zips; where two of them have one
    name, two exports were supplied, and each place keeps its own. A file that is called otherwise stands alone.
    """
    folders: dict[str, list[Original]] = {}
    for original in originals:
        numbered = _NUMBERED.fullmatch(original.base)
        folders.setdefault(original.folder + "/" if numbered else original.name, []).append(original)
    found: list[list[Original]] = []
    for members in folders.values():
        if len({one.base for one in members}) == len(members):
            found.append(members)
            continue
        places: dict[str, list[Original]] = {}
        for one in members:
            places.setdefault(one.container or one.supplied.file, []).append(one)
        found += places.values()
    return [sorted(members, key=_number) for members in found]


def _number(original: Original) -> int:
    numbered = _NUMBERED.fullmatch(original.base)
    return int(numbered[1] or 1) if numbered else 0
