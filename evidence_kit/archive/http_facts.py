"""What an index says of an HTTP message: the method of a request, status and media type of a response.

Writer and reader of our archives both ask here, so that an index can be made again from the records alone.
"""

import re

from evidence_kit.archive.cdxj import ascii_uri

_STATUS = re.compile(rb"HTTP/[0-9.]+ +([0-9]{3})(?= |\r?\n)")
_CONTENT_TYPE = re.compile(rb"\ncontent-type:[ \t]*([^;\s]+)", re.IGNORECASE)
_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ")


def method_of(request_head: bytes) -> str:
    """Return the method that *request_head* begins with, GET where it begins with none."""
    match = _METHOD.match(request_head)
    return match[1].decode("ascii") if match else "GET"


def status_and_mime(head: bytes, content_type: str) -> tuple[int | None, str]:
    """Return status and media type of a record: of its HTTP *head* if it has one, else of its own *content_type*."""
    if not head:
        return None, re.split(r"[;\s]", content_type, maxsplit=1)[0]
    status, mime = _STATUS.match(head), _CONTENT_TYPE.search(head)
    return (int(status[1]) if status else None), (ascii_uri(mime[1].decode("latin-1")) if mime else "")
