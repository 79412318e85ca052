"""What was read from a supplied file, and where in its bytes: the form of every finding, never a verdict."""

from dataclasses import dataclass

from evidence_kit.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where in a file something stands.

    Byte *offset* and *length* where they are known, and a *pointer* in the format's own terms (JSON pointer of
    RFC 6901, ``exif/IFD0/DateTime``, ``png/tEXt/3``, ``line/120``).
    """

    file: str
    """Path in the item, such as ``original/0001.jpg``; "" for the only one."""
    pointer: str = ""
    offset: int | None = None
    length: int | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the object that stands in the item; what is not known is left out."""
        found: dict[str, Json] = {"file": self.file}
        if self.pointer:
            found["pointer"] = self.pointer
        if self.offset is not None:
            found["offset"] = self.offset
        if self.length is not None:
            found["length"] = self.length
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact read from a supplied file; never a verdict."""

    code: str
    """Stable, in lower case with dots."""
    value: Json
    """As read."""
    detail: str = ""
    """English, where the value does not speak for itself."""
    source: Source

    def to_json(self) -> dict[str, Json]:
        """Return the object that stands in the item."""
        found: dict[str, Json] = {"code": self.code, "value": self.value, "source": self.source.to_json()}
        if self.detail:
            found["detail"] = self.detail
        return found
