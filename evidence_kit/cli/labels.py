"""``capture --label``: what an officer calls an item, in neutral words."""

from evidence_kit.errors import UsageError


def read_label(text: str, *, links: int, listed: bool) -> str:
    """Return *text* as the label of the one item that is captured.

    Raises `UsageError` for one that is too long or more than a line, or for several *links*, one by one or *listed*.
    """
    from evidence_kit.bundle.exhibit_plan import LONGEST_LABEL, fits_as_label

    label = text.strip()
    if label and (listed or links > 1):
        raise UsageError("a label is for one item, and several links were given", hint="give one link, or no --label")
    if label and not fits_as_label(label):
        message = f"the label is not one line of at most {LONGEST_LABEL} characters"
        raise UsageError(message, hint="say it in a few words")
    return label
