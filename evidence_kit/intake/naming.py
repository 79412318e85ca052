"""What a supplied file is called in the case: a number, and an ending only if it says nothing but the kind of file.

Names of files tell of people. They are kept in ``supply.json`` alone, whatever they are made of: line ends, letters
that turn the reading direction, words that mean devices on Windows, bytes that are no text.
"""

import os

ORIGINALS = "original"
"""The folder of an item in which they lie."""
_PICTURES = "jpg jpeg jpe png gif webp bmp tif tiff heic heif avif svg psd"
_FILMS_AND_SOUNDS = "mp4 m4v mov 3gp webm mkv avi mp3 m4a ogg oga opus wav aac amr"
_TEXTS = "txt log html htm csv vcf json jsonl ndjson xml pdf eml mbox mhtml mht doc docx xls xlsx rtf"
_PACKED = "zip gz rar 7z tar warc wacz"
_ENDINGS = frozenset(f"{_PICTURES} {_FILMS_AND_SOUNDS} {_TEXTS} {_PACKED}".split())


def stored_path(number: int, name: str, *, count: int) -> str:
    """Return the path in the item for the file *number* of *count* that was called *name*: ``original/0001.jpg``."""
    ending = _ending(name)
    digits = max(4, len(str(count)))
    return f"{ORIGINALS}/{number:0{digits}d}{f'.{ending}' if ending in _ENDINGS else ''}"


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
