"""The picture of a signature: what the box on the first page of a report shows once it is signed.

It is made of the certificate and the claimed time, before the signature is; so it says itself that it proves nothing.
"""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.bundle.mongolian_dates import local_stamp
from evidence_kit.bundle.one_page import set_one_page
from evidence_kit.bundle.report_json import LANGUAGES
from evidence_kit.bundle.report_model import Language
from evidence_kit.canonical import Json
from evidence_kit.display import shorten
from evidence_kit.models import utc_text
from evidence_kit.resources import template
from evidence_kit.trust.certificates import Certificate

_LONGEST = 120
"""Characters of a name that are shown."""

_FILES = ("signature-picture.typ", "style.typ", "en.toml", "mn.toml")


def signature_picture(certificate: Certificate, at: datetime, language: Language) -> bytes:
    """Return the picture of a signature by *certificate* at the claimed time *at*, as a PDF of one page.

    Raises `ReportError`, `OSError`.
    """
    with TemporaryDirectory(prefix="evidence-kit-signature-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        for each in _FILES:
            (work / each).write_bytes(template(f"report/{each}").read_bytes())
        document: dict[str, Json] = {
            "languages": LANGUAGES[language],
            "practice": certificate.practice,
            "subject": shorten(certificate.subject, _LONGEST),
            "issuer": shorten(certificate.issuer, _LONGEST),
            "utc": utc_text(at),
            "local": local_stamp(at),
        }
        return set_one_page(work, "signature-picture.typ", document, at=at, tagged=False)
