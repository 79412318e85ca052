"""XMP packets (ISO 16684-1): every property a finding, by its qualified name.

The packet is read by expat itself, without entities, types and outside references; what declares a document type is
refused, so nothing can be made to grow.
"""

import re
from xml.parsers import expat

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.notes import Notes, is_of_device

MOST_BYTES = 4 * 1024**2
_DEEPEST = 30
_MOST_PROPERTIES = 1000
_PREFIXES = {
    "adobe:ns:meta/": "x",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
"""Namespaces that are known by their names, so that a place is one under any prefix."""
_FRAME = {"x:xmpmeta", "rdf:RDF", "rdf:Description", "rdf:Alt", "rdf:Bag", "rdf:Seq", "rdf:li"}
_NOT_PROPERTIES = ("xmlns", "xml:", "rdf:", "x:")
_PLACE = re.compile(
    r"gps|latitude|longitude|photoshop:(?:City|State|Country)|Iptc4xmp\w+:(?:Location|Sublocation|City|Province|Country)",
    re.IGNORECASE,
)


class _Reading:
    """The state of reading one packet: where in the tree it is, and what was found."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.text: list[str] = []
        self.start = 0
        self.properties: list[tuple[str, str, int, int | None]] = []
        """Name, value, offset of the element, and length from there where the value is its text."""
        self.prefixes = dict(_PREFIXES)
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.text.append
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.StartNamespaceDeclHandler = self._declared

    def read(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise FormatError(f"XMP has {len(data)} bytes; {MOST_BYTES} are read at most")
        self.parser.Parse(_packet(data), True)  # noqa: FBT003  # expat takes it by position only

    def _declared(self, prefix: str | None, uri: str) -> None:
        self.prefixes.setdefault(uri, prefix or "")

    def _name(self, name: str) -> str:
        """Return *name* with the prefix that its namespace commonly has, whatever it has here."""
        uri, space, local = name.rpartition(" ")
        return f"{self.prefixes.get(uri, '')}:{local}" if space else local

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(self._name(tag))
        if len(self.path) > _DEEPEST:
            raise FormatError(f"XMP is nested deeper than {_DEEPEST}")
        self.text.clear()
        self.start = self.parser.CurrentByteIndex
        for name, value in attributes.items():
            key = self._name(name)
            if not key.startswith(_NOT_PROPERTIES):
                self._found((*self.path, key), value)

    def _end(self, _name: str) -> None:
        value = "".join(self.text).strip()
        if value:
            self._found(self.path, value, self.parser.CurrentByteIndex - self.start)
        self.text.clear()
        self.path.pop()

    def _found(self, path: list[str] | tuple[str, ...], value: str, length: int | None = None) -> None:
        if len(self.properties) >= _MOST_PROPERTIES:
            raise FormatError(f"XMP holds more than {_MOST_PROPERTIES} properties")
        name = "/".join(part for part in path if part not in _FRAME)
        if name:
            self.properties.append((name, value, self.start, length))


def _refuse(*_declaration: object) -> None:
    raise FormatError("XMP declares a document type")


def read_xmp(data: bytes, *, base: int | None, notes: Notes, pointer: str = "xmp") -> None:
    """Note each property that the packet *data* holds; a damaged one is noted as far as it goes.

    *base* is the offset of *data* in the file, None where it does not stand there as it is.
    """
    reading = _Reading()
    try:
        reading.read(data)
    except (expat.ExpatError, FormatError, ValueError, LookupError) as error:
        notes.add("xmp.damaged", str(error), pointer=pointer, offset=base, length=len(data))
    for name, value, place, length in reading.properties:
        offset = None if base is None else base + place
        code = "gps.xmp" if _PLACE.search(name) else "xmp.property"
        code = "serial.xmp" if is_of_device(name) else code
        notes.add(code, value, pointer=f"{pointer}/{name}", offset=offset, length=None if base is None else length)


def _packet(data: bytes) -> bytes:
    """Return *data* without the padding after its end, which is no XML when it holds zero bytes."""
    return data.rstrip(b"\0 \r\n\t")
