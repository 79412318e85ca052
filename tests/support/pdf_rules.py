"""Rules of PDF/A-3a (ISO 19005-3, "A") and PDF/UA-1 (ISO 14289-1, "UA") that can be read off a PDF's structure.

They follow the standards' clauses, not the kit: each is a name with its clause, and a function that gives what breaks
it. They are no replacement for a validator, only what can be asked on every machine.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf

Thing = Any
"""A `pikepdf.Object`: of which kind, only the rule itself knows."""

Rule = Callable[[pikepdf.Pdf], list[str]]
_PAINTING = {"f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Do", "Tj", "TJ", "'", '"', "BI", "INLINE IMAGE"}
_SHOWING = {"Tj", "TJ", "'", '"'}
_ACTIONS = {"/GoTo", "/URI", "/Named", "/GoToR"}


def _catalog(pdf: pikepdf.Pdf) -> list[str]:
    root = pdf.Root
    return [name for name in ("/AA", "/OpenAction", "/Requirements") if name in root]


def _form(pdf: pikepdf.Pdf) -> list[str]:
    form: Thing = _root(pdf).get("/AcroForm", {})
    found = [name for name in ("/XFA", "/NeedAppearances") if form.get(name, False)]
    return found + [name for each in _widgets(pdf) for name in ("/A", "/AA") if name in each]


def _appearances(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    for each in _widgets(pdf):
        left, bottom, right, top = (float(edge) for edge in each.Rect)
        looks: Thing = each.get("/AP", {})
        if (left, bottom) != (right, top) and not (
            set(looks.keys()) == {"/N"} and isinstance(looks.N, pikepdf.Stream) and "/BBox" in looks.N
        ):
            found.append(f"{each.get('/T')} has none")
    return found


def _fields(pdf: pikepdf.Pdf) -> list[str]:
    """Fields off the page are nobody's to read (ISO 14289-1, 7.18.1)."""
    found = []
    elements = pikepdf.NumberTree(_root(pdf).StructTreeRoot.ParentTree)
    for page in pdf.pages:
        box = [float(edge) for edge in page.mediabox]
        for each in (each for each in page.get("/Annots", []) if each.get("/Subtype") == "/Widget"):
            if float(each.Rect[2]) < box[0] or float(each.Rect[3]) < box[1]:
                continue
            parent: Thing = elements[int(each.StructParent)] if "/StructParent" in each else {}
            if not str(each.get("/TU", "")) or not str(parent.get("/Alt", "")):
                found.append(f"{each.get('/T')} says nothing")
            if parent.get("/S") != "/Form" or parent.get("/K", {}).get("/Obj") != each:
                found.append(f"{each.get('/T')} is in no Form")
    return found


def _new_lines(pdf: pikepdf.Pdf) -> list[str]:
    """An update that begins on the line of the end before it."""
    with open(pdf.filename, "rb") as stream:  # noqa: PTH123  # the name pikepdf gives is a string
        found = re.findall(rb"startxref\s+\d+\s+%%EOF(?![\r\n])(.{1,20})", stream.read(), re.DOTALL)
    return [f"{each!r} stands behind an end" for each in found]


def _trailer(pdf: pikepdf.Pdf) -> list[str]:
    found = [] if "/ID" in pdf.trailer else ["no /ID"]
    return found + (["encrypted"] if pdf.is_encrypted or "/Encrypt" in pdf.trailer else [])


def _output_intent(pdf: pikepdf.Pdf) -> list[str]:
    intents: Thing = _root(pdf).get("/OutputIntents", [])
    profiles = [each.get("/DestOutputProfile") for each in intents if each.get("/S") == "/GTS_PDFA1"]
    return [] if len(profiles) == 1 and int(profiles[0].get("/N", 0)) in {1, 3, 4} else ["no profile of PDF/A"]


def _graphics_state(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    for thing in _of_type(pdf, "/ExtGState"):
        found += [f"{name} in a graphics state" for name in ("/TR", "/HTP") if name in thing]
        if any(float(thing.get(name, 1)) != 1 for name in ("/CA", "/ca")) or thing.get("/SMask", "/None") != "/None":
            found.append("transparency")
        if thing.get("/BM", "/Normal") not in {"/Normal", "/Compatible"}:
            found.append("blending")
    return found


def _images(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    for thing in _of_subtype(pdf, "/Image"):
        found += [name for name in ("/Alternates", "/OPI", "/SMask") if name in thing]
        if thing.get("/Interpolate", False):
            found.append("/Interpolate")
    return found


def _x_objects(pdf: pikepdf.Pdf) -> list[str]:
    forms = list(_of_subtype(pdf, "/Form"))
    found = [name for thing in forms for name in ("/OPI", "/PS", "/Ref", "/Subtype2") if name in thing]
    return found + ["PostScript" for _ in _of_subtype(pdf, "/PS")]


def _fonts_embedded(pdf: pikepdf.Pdf) -> list[str]:
    described = list(_of_type(pdf, "/FontDescriptor"))
    bare = [str(each.get("/FontName")) for each in described if not _font_files(each)]
    fonts = [each for each in _of_type(pdf, "/Font") if each.get("/Subtype") not in {"/Type0", "/Type3"}]
    return bare + [str(each.get("/BaseFont")) for each in fonts if "/FontDescriptor" not in each]


def _to_unicode(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    for font in _of_type(pdf, "/Font"):
        if str(font.get("/Subtype")).startswith("/CIDFont"):
            continue
        table = font.get("/ToUnicode")
        if not isinstance(table, pikepdf.Stream):
            found.append(f"{font.get('/BaseFont')} has none")
        elif any(f"> <{value}>".encode() in table.read_bytes() for value in ("0000", "FEFF", "FFFE")):
            found.append(f"{font.get('/BaseFont')} maps to no character")
    return found


def _glyphs(pdf: pikepdf.Pdf) -> list[str]:
    """Fonts of two bytes for each glyph: the glyph 0 is .notdef, the box."""
    found = []
    looks = [each.AP.N for each in _widgets(pdf) if "/AP" in each]
    for number, page in enumerate([*pdf.pages, *looks], start=1):
        for operands, operator in _operations(page):
            shown = b"".join(_texts(operands)) if operator in _SHOWING else b""
            if any(shown[at : at + 2] == b"\0\0" for at in range(0, len(shown), 2)):
                found.append(f"page {number}")
    return found


def _annotations(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    for page in pdf.pages:
        for each in page.get("/Annots", []):
            flags = int(each.get("/F", 0))
            if each.get("/Subtype") not in {"/Link", "/Widget"}:
                found.append(f"{each.get('/Subtype')}")
            if not flags & 4 or flags & 0b100011:
                found.append("is not printed")
    return found


def _actions(pdf: pikepdf.Pdf) -> list[str]:
    kinds = {str(each.get("/S")) for each in _dictionaries(pdf) if "/S" in each and each.get("/Type") == "/Action"}
    scripts = [name for each in _dictionaries(pdf) for name in ("/JS", "/JavaScript", "/AA") if name in each]
    return scripts + sorted(kinds - _ACTIONS)


def _attachments(pdf: pikepdf.Pdf) -> list[str]:
    found = []
    listed = {str(each.get("/UF")) for each in _root(pdf).get("/AF", [])}
    for name, specification in pdf.attachments.items():
        about: Thing = specification.obj
        stream: Thing = about.EF.get("/F")
        if about.get("/AFRelationship") not in {"/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"}:
            found.append(f"{name}: no relationship")
        if name not in listed:
            found.append(f"{name}: not associated with the document")
        if not {"/F", "/UF", "/Desc"} <= set(about.keys()):
            found.append(f"{name}: no name or description")
        if stream is None or "/" not in str(stream.get("/Subtype", "/"))[1:]:
            found.append(f"{name}: no MIME type")
        elif "/ModDate" not in stream.get("/Params", {}):
            found.append(f"{name}: no date")
    return found


def _xmp(pdf: pikepdf.Pdf, *wanted: str) -> list[str]:
    stream = _root(pdf).get("/Metadata")
    if not isinstance(stream, pikepdf.Stream) or "/Filter" in stream:
        return ["no plain metadata"]
    text = stream.read_raw_bytes().decode("utf-8")
    return [part for part in wanted if part not in text]


def _xmp_is_info(pdf: pikepdf.Pdf) -> list[str]:
    info: Thing = pdf.trailer.get("/Info", {})
    return _xmp(pdf, *(str(info[name]) for name in ("/Title", "/Author", "/Creator") if name in info))


def _marked(pdf: pikepdf.Pdf) -> list[str]:
    about: Thing = _root(pdf).get("/MarkInfo", {})
    suspects = bool(about.get("/Suspects", False))
    return [] if bool(about.get("/Marked", False)) and not suspects else ["not marked as tagged"]


def _tagged(pdf: pikepdf.Pdf) -> list[str]:
    root = _root(pdf).get("/StructTreeRoot")
    if root is None or "/ParentTree" not in root:
        return ["no structure"]
    found = []
    for number, page in enumerate(pdf.pages, start=1):
        open_marks = 0
        for _, operator in _operations(page):
            open_marks += (operator in {"BDC", "BMC"}) - (operator == "EMC")
            if operator in _PAINTING and open_marks < 1:
                found.append(f"page {number} paints with {operator} outside of tags and artifacts")
    return found


def _figures(pdf: pikepdf.Pdf) -> list[str]:
    return ["a figure says nothing" for each in _elements(pdf) if each.get("/S") == "/Figure" and not each.get("/Alt")]


def _headings(pdf: pikepdf.Pdf) -> list[str]:
    levels = [int(str(each["/S"])[2:]) for each in _elements(pdf) if str(each.get("/S"))[:2] == "/H" and "/S" in each]
    steps = zip([0, *levels], levels, strict=False)
    return [f"{after} follows {before}" for before, after in steps if after > before + 1] or (
        [] if levels else ["none"]
    )


def _tables(pdf: pikepdf.Pdf) -> list[str]:
    return ["a row outside of a table" for each in _elements(pdf) if each.get("/S") == "/TR" and not _in_table(each)]


def _links(pdf: pikepdf.Pdf) -> list[str]:
    links = [each for page in pdf.pages for each in page.get("/Annots", []) if each.get("/Subtype") == "/Link"]
    found = ["a link says nothing" for each in links if not str(each.get("/Contents", ""))]
    found += ["a link is in no structure" for each in links if "/StructParent" not in each]
    orders = ["/Annots" in page and page.get("/Tabs") != "/S" for page in pdf.pages]
    return found + (["a page has no order of tabs"] if any(orders) else [])


def _bookmarks(pdf: pikepdf.Pdf) -> list[str]:
    with pdf.open_outline() as outline:
        return [] if len(outline.root) > 1 else ["no bookmarks"]


def _language(pdf: pikepdf.Pdf) -> list[str]:
    return [] if str(_root(pdf).get("/Lang", "")) in {"mn", "en"} else ["no language"]


def _title_shown(pdf: pikepdf.Pdf) -> list[str]:
    shown = bool(_root(pdf).get("/ViewerPreferences", {}).get("/DisplayDocTitle", False))
    return _xmp(pdf, "<dc:title>") + ([] if shown else ["the file's name is shown"])


RULES: dict[str, Rule] = {
    "A 6.1.3 trailer: identified, not encrypted": _trailer,
    "A 6.1.9 every update begins on a line of its own": _new_lines,
    "A 6.2.3 output intent": _output_intent,
    "A 6.2.5 graphics states, 6.2.10 transparency": _graphics_state,
    "A 6.2.8 images": _images,
    "A 6.2.9 form XObjects": _x_objects,
    "A 6.2.11.4.1, UA 7.21.4.1 fonts are embedded": _fonts_embedded,
    "A 6.2.11.7.2, UA 7.21.7 characters have Unicode values": _to_unicode,
    "A 6.2.11.8, UA 7.21.8 no glyph is missing": _glyphs,
    "A 6.3 annotations are printed": _annotations,
    "A 6.3.3 fields have an appearance": _appearances,
    "A 6.4.1 the form does nothing": _form,
    "A 6.5.1 no actions that do things": _actions,
    "A 6.5.2, 6.11 nothing happens when opened": _catalog,
    "A 6.6.2 metadata: part 3, conformance A (6.6.4)": lambda pdf: _xmp(
        pdf, "<pdfaid:part>3<", "<pdfaid:conformance>A<"
    ),
    "A 6.6.3 the information dictionary says what the metadata say": _xmp_is_info,
    "A 6.7.2.2, UA 7.1 marked as tagged": _marked,
    "A 6.7.3, UA 7.1 all content is tagged or an artifact": _tagged,
    "A 6.7.4, UA 7.2 language": _language,
    "A 6.7.5, UA 7.3 figures have alternative texts": _figures,
    "A 6.8, UA 7.11 attachments": _attachments,
    "UA 5 metadata: part 1": lambda pdf: _xmp(pdf, "<pdfuaid:part>1<"),
    "UA 7.1 the title is shown": _title_shown,
    "UA 7.4.2 headings descend by one": _headings,
    "UA 7.5 tables": _tables,
    "UA 7.17 bookmarks": _bookmarks,
    "UA 7.18.1, 7.18.4 fields are described and tagged": _fields,
    "UA 7.18.3, 7.18.5 links": _links,
}


def _root(pdf: pikepdf.Pdf) -> Thing:
    return pdf.Root


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Thing]:
    for thing in pdf.objects:
        if isinstance(thing, (pikepdf.Dictionary, pikepdf.Stream)):
            yield thing


def _of_type(pdf: pikepdf.Pdf, name: str) -> Iterator[Thing]:
    return (each for each in _dictionaries(pdf) if each.get("/Type") == name)


def _of_subtype(pdf: pikepdf.Pdf, name: str) -> Iterator[Thing]:
    return (each for each in _dictionaries(pdf) if each.get("/Subtype") == name)


def _widgets(pdf: pikepdf.Pdf) -> Iterator[Thing]:
    return (each for page in pdf.pages for each in page.get("/Annots", []) if each.get("/Subtype") == "/Widget")


def _font_files(descriptor: Thing) -> list[str]:
    return [name for name in ("/FontFile", "/FontFile2", "/FontFile3") if name in descriptor]


def _operations(page: pikepdf.Page | pikepdf.Object) -> Iterator[tuple[Thing, str]]:
    for each in pikepdf.parse_content_stream(page):
        yield each.operands, str(each.operator)


def _texts(operands: Thing) -> Iterator[bytes]:
    for operand in operands:
        for each in operand if isinstance(operand, pikepdf.Array) else [operand]:
            if isinstance(each, pikepdf.String):
                yield bytes(each)


def _elements(pdf: pikepdf.Pdf) -> Iterator[Thing]:
    """Give the structure's elements in reading order."""
    waiting: list[Thing] = [_root(pdf).get("/StructTreeRoot", pikepdf.Dictionary())]
    while waiting:
        element = waiting.pop()
        if "/S" in element:
            yield element
        below: Thing = element.get("/K", [])
        below = list(below) if isinstance(below, pikepdf.Array) else [below]
        waiting += [each for each in reversed(below) if isinstance(each, pikepdf.Dictionary)]


def _in_table(row: Thing) -> bool:
    return row.get("/P", {}).get("/S") in {"/Table", "/THead", "/TBody", "/TFoot"}
