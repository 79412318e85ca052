"""The document security store (DSS) of a PDF: certificates, CRLs and OCSP responses (ETSI EN 319 142-1, 5.4.2)."""

from collections.abc import Iterator
from itertools import chain

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.validation.dss import DocumentSecurityStore

from evidence_kit.errors import FormatError
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.revocation import OcspResponse, RevocationList, Statement, read_statement
from evidence_kit.trust.validation_data import ValidationData


def read_store(handler: PdfHandler) -> ValidationData:
    """Return what the store holds, nothing without one; raises `FormatError` and `check.UNREADABLE` for a broken one.

    *handler* is a reader, or the view of one on a revision.
    """
    if "/DSS" not in handler.root:
        return ValidationData()
    store = handler.root["/DSS"]
    if not isinstance(store, DictionaryObject):
        message = "the document security store is no dictionary"
        raise FormatError(message)
    statements: Iterator[Statement] = chain(
        (read_statement("crl", data) for data in _streams(store, "/CRLs")),
        (read_statement("ocsp", data) for data in _streams(store, "/OCSPs")),
    )
    return ValidationData(
        certificates=tuple(Certificate(data) for data in _streams(store, "/Certs")), statements=tuple(statements)
    )


def add_to_store(writer: IncrementalPdfFileWriter, data: ValidationData) -> None:
    """Put into the store what of *data* is not there yet, as part of the revision that *writer* is going to write."""
    there = read_store(writer)
    certificates = [found for found in data.certificates if found not in there.certificates]
    statements = [found for found in data.statements if found not in there.statements]
    if not certificates and not statements:
        return
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[x509.Certificate.load(found.der) for found in certificates],
        crls=[crl.CertificateList.load(found.der) for found in statements if isinstance(found, RevocationList)],
        ocsps=[ocsp.OCSPResponse.load(found.der) for found in statements if isinstance(found, OcspResponse)],
    )


def _streams(store: DictionaryObject, key: str) -> Iterator[bytes]:
    for reference in store[key] if key in store else ():  # noqa: SIM401  # `get` would not follow a reference
        stream = reference.get_object()
        if not isinstance(stream, StreamObject):
            message = f"an entry of {key} in the document security store is no stream"
            raise FormatError(message)
        yield stream.data
