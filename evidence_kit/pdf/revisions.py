"""What may follow a signature in a PDF: nothing but what signing, countersigning and renewing write.

pyHanko compares the revisions (ISO 32000-2, 7.5.6); here stands what it may let pass. Its own rules let anybody who
gets a time stamp change what a reader shows beside the pages: the title of the window, how fields are drawn anew, what
happens when the pointer enters a new field.
"""

from collections.abc import Iterable, Iterator

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, FloatObject, NumberObject
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DSSCompareRule,
    FormUpdate,
    FormUpdatingRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.form_rules_api import FieldComparisonContext

_OF_CATALOG = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Version"})
_OF_FORM = frozenset({"/Fields"})
_OF_FIELD = frozenset({"/FT", "/T", "/TU", "/Type", "/Subtype", "/F", "/Rect", "/P", "/V", "/AP"})
_OF_FILLED = frozenset({"/V", "/AP", "/F"})
"""What signing changes in a field that was empty."""


class _PlainSignatureFields(SigFieldCreationRule):
    """Lets fields be added that are of signatures and do nothing else."""

    def apply(self, context: FieldComparisonContext) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        for name, spec in context.field_specs.items():
            if spec.old_field_ref is None and spec.new_field is not None:
                _want_plain(name, spec.new_field)
        yield from super().apply(context)
        # pyHanko has gone through both trees of pages by now, but takes their annotations in any order.
        pages = zip(_pages(context.old.root["/Pages"]), _pages(context.new.root["/Pages"]), strict=True)
        if any(_annotations(now)[: len(_annotations(was))] != _annotations(was) for was, now in pages):
            message = "the annotations of a page stand in another order"
            raise SuspiciousModification(message)


def _pages(node: DictionaryObject) -> Iterator[DictionaryObject]:
    if "/Kids" not in node:
        yield node
        return
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object())


def _annotations(page: DictionaryObject) -> list[str]:
    return [repr(each) for each in page["/Annots"]] if "/Annots" in page else []


def _want_plain(name: str, field: DictionaryObject) -> None:
    """Want *field* to have no entries but a signature's, and a picture only if it has a size to show it in."""
    odd = sorted(set(field) - _OF_FIELD)
    if odd:
        message = f"the new field {name} has {odd[0]}"
        raise SuspiciousModification(message)
    box = field["/Rect"] if "/Rect" in field else None  # noqa: SIM401  # `get` would not follow a reference
    if not isinstance(box, ArrayObject) or [isinstance(edge, NumberObject | FloatObject) for edge in box] != [True] * 4:
        message = f"the new field {name} has no place"
        raise SuspiciousModification(message)
    left, bottom, right, top = box
    if "/AP" in field and (left == right or bottom == top):
        message = f"the new field {name} has a picture and no size"
        raise SuspiciousModification(message)


POLICY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(_OF_CATALOG),  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=FormUpdatingRule(
        field_rules=[
            _PlainSignatureFields(),  # type: ignore[no-untyped-call]  # as above
            SigFieldModificationRule(always_modifiable=frozenset(), value_update_keys=_OF_FILLED),
        ],
        ignored_acroform_keys=_OF_FORM,
    ),
)
"""The rules by which `evidence_kit.pdf.check` compares revisions."""
