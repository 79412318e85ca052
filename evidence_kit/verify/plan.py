"""The plan of the exhibits in a bundle: which items it names, in which order (docs/evidence-format.md, 7.1).

It is read in the one form in which the kit writes it: a reader of all of TOML is at the mercy of what others write.
"""

import re

from evidence_kit.errors import FormatError

_TEXT = rb'"(?:[^"\\\n]|\\[^\n])*+"\n'
_EXHIBIT = (
    rb'\n\[\[exhibit\]\]\nitem = "(?P<item>[A-Za-z0-9._-]{1,100})"\n'
    rb"label = %b" % _TEXT + rb"title = %b" % _TEXT + rb"why = %b" % _TEXT + rb"blurred = (?:true|false)\n"
    rb"(?:pages = \[[0-9, ]+\]\n)?(?:regions = \[[0-9, \[\]]+\]\n)?(?:places = true\n)?"
    rb"(?:\n\[\[exhibit\.transcript\]\]\nconversation = [0-9]+\n"
    rb'messages = \[[0-9", -]+\]\ncontext = [0-9]+\n)*+'
)
_HEAD = b'schema = "evidence-kit/exhibits/1"\n'
_BLOCK = re.compile(_EXHIBIT)


def planned_items(data: bytes) -> list[str]:
    """Return the items that the plan *data* names, in its order; raises `FormatError` for any other form."""
    at, items = len(_HEAD), []
    while data.startswith(_HEAD) and (found := _BLOCK.match(data, at)):
        items.append(found["item"].decode("ascii"))
        at = found.end()
    if not items or at != len(data):
        message = f"it is not in the form of a plan of exhibits from byte {at if items else 0} on"
        raise FormatError(message)
    return items
