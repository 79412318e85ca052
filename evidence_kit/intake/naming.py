"""What a supplied file is called in the case: a number, and an ending only if it says nothing but the kind of file.

Names of files tell of people. They are kept in ``supply.json`` alone, whatever they are made of: line ends, letters
that turn the reading direction, words that mean devices on Windows, bytes that are no text.
"""

import os

_TYPES = {
    "image/jpeg": ("jpg", "jpeg", "jpe"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/bmp": ("bmp",),
    "image/tiff": ("tif", "tiff"),
    "image/heic": ("heic",),
    "image/heif": ("heif",),
    "image/avif": ("avif",),
    "image/svg+xml": ("svg",),
    "image/vnd.adobe.photoshop": ("psd",),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov",),
    "video/3gpp": ("3gp",),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/x-msvideo": ("avi",),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/wav": ("wav",),
    "audio/aac": ("aac",),
    "audio/amr": ("amr",),
    "text/plain": ("txt", "log"),
    "text/html": ("html", "htm"),
    "text/csv": ("csv",),
    "text/vcard": ("vcf",),
    "application/json": ("json",),
    "application/jsonl": ("jsonl", "ndjson"),
    "application/xml": ("xml",),
    "application/pdf": ("pdf",),
    "application/zip": ("zip",),
    "application/gzip": ("gz",),
    "application/vnd.rar": ("rar",),
    "application/x-7z-compressed": ("7z",),
    "application/x-tar": ("tar",),
    "application/warc": ("warc",),
    "application/wacz": ("wacz",),
    "application/mbox": ("mbox",),
    "message/rfc822": ("eml",),
    "multipart/related": ("mhtml", "mht"),
    "application/msword": ("doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.ms-excel": ("xls",),
    "application/rtf": ("rtf",),
}
_BY_ENDING = {ending: media_type for media_type, endings in _TYPES.items() for ending in endings}
UNKNOWN = "application/octet-stream"


def stored_path(number: int, name: str, *, count: int) -> str:
    """Return the path in the item for the file *number* of *count* that was called *name*: ``original/0001.jpg``."""
    ending = _ending(name)
    digits = max(4, len(str(count)))
    return f"original/{number:0{digits}d}{f'.{ending}' if ending in _BY_ENDING else ''}"


def type_by_name(name: str) -> str:
    """Return the media type that the ending of *name* claims; nothing is known of the content."""
    return _BY_ENDING.get(_ending(name), UNKNOWN)


def clean_name(name: str) -> tuple[str, str]:
    """Return *name* as text, and in hexadecimal digits if it is no Unicode text (POSIX names are bytes); else empty.

    What cannot be read stands in the text as U+FFFD.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), os.fsencode(name).hex()
    return name, ""


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
