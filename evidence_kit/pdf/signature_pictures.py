"""What a signature field shows: a picture that proves nothing, and that no check reads.

Apart from `signature_fields`, for pyHanko takes a second to be loaded, and who makes fields need not wait for it.
"""

from io import BytesIO

from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields


def show_picture(writer: IncrementalPdfFileWriter, field: str, picture: bytes) -> None:
    """Let the empty *field*, if there is one, show *picture*, a PDF of one page; raises what pyHanko raises."""
    for _, _, reference in enumerate_sig_fields(writer, filled_status=False, with_name=field):
        widget = reference.get_object()
        form = writer.import_page_as_xobject(PdfFileReader(BytesIO(picture)))
        widget["/AP"] = DictionaryObject({pdf_name("/N"): form})  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        writer.update_container(widget)
