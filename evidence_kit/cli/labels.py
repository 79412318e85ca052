"""``capture --label``: what an officer calls an item, in neutral words."""

from evidence_kit.display import visible
from evidence_kit.errors import UsageError

LONGEST = 60
"""Characters, as a plan of exhibits has them."""


def read_label(text: str, *, links: int, listed: bool) -> str:
    """Return *text* as the label of the one item that is captured.

    Raises `UsageError` for one that is too long or more than a line, or for several *links*, one by one or *listed*.
    """
    label = text.strip()
    if label and (listed or links > 1):
        raise UsageError("a label is for one item, and several links were given", hint="give one link, or no --label")
    if len(label) > LONGEST or visible(label) != label:
        raise UsageError(f"the label is not one line of at most {LONGEST} characters", hint="say it in a few words")
    return label
