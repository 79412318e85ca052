"""The places on a report's page for pictures of its signatures, as empty signature fields that are signed later.

The layout marks each place with an empty link to ``evidence-kit:signature/N``. Its annotation becomes a signature field
(ISO 32000-2, 12.7.5.5), its structure element a Form (14.8.4.8.3), so that place, tag and description (ISO 14289-1,
7.18.1 and 7.18.4) are there before anybody signs. A field has an appearance from the start (ISO 19005-3, 6.3.3): an
empty one. What a field shows proves nothing, and no check reads it.
"""

from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, String

_MARK = "evidence-kit:signature/"
_OF_LINKS = ("/A", "/Border", "/Contents")


def signature_field(number: int) -> str:
    """Return the name of the field of signature *number*, counted from 1."""
    return f"Signature{number}"


def make_signature_fields(pdf: pikepdf.Pdf, descriptions: Sequence[str]) -> None:
    """Make a field of each place that the layout marked in *pdf*; *descriptions* say what each is for, from the first.

    Raises `IndexError` for a place that has none.
    """
    places = [
        (_number(annotation), annotation, page)
        for page in pdf.pages
        for annotation in page.get("/Annots", ())
        if _number(annotation)
    ]
    if not places:
        return
    elements = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
    for number, annotation, page in places:
        _make_field(pdf, annotation, number, descriptions[number - 1])
        annotation.P = page.obj
        element = elements[int(annotation.StructParent)]
        element.S, element.Alt = Name.Form, String(descriptions[number - 1])
        # Nothing but the annotation is in it; pyHanko finds a field's place in the structure only when written so.
        (element.K,) = element.K
    fields = [annotation for _, annotation, _ in sorted(places, key=lambda place: place[0])]
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(fields)))


def _number(annotation: pikepdf.Object) -> int:
    """Return which signature the place is for; 0 for any other annotation."""
    address = str(annotation.get("/A", Dictionary()).get("/URI", ""))
    return int(address.removeprefix(_MARK)) if address.startswith(_MARK) else 0


def _make_field(pdf: pikepdf.Pdf, annotation: pikepdf.Object, number: int, description: str) -> None:
    left, bottom, right, top = (float(edge) for edge in annotation.Rect)
    empty = pdf.make_stream(
        b"",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, right - left, top - bottom]),
        Resources=Dictionary(),
    )
    for name in _OF_LINKS:
        if name in annotation:
            del annotation[name]
    annotation.Subtype = Name.Widget
    annotation.FT = Name.Sig
    annotation.T = String(signature_field(number))
    annotation.TU = String(description)
    annotation.AP = Dictionary(N=empty)
