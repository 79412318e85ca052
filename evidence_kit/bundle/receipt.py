"""A receipt for people: its text, and one PDF/A-3a page with a QR code, Mongolian and English together.

It tells the number of the case and of the item, who issued it and when, and two digests; never a title, a name of
anybody else or a link: whoever finds it learns nothing of what was recorded. The text of the QR code stands in the
PDF's metadata too (XMP, ISO 16684-1), from where it is read back.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.bundle.codes import write_svg
from evidence_kit.bundle.mongolian_dates import english_moment, local_stamp, mongolian_moment
from evidence_kit.bundle.one_page import set_one_page
from evidence_kit.canonical import Json
from evidence_kit.custody.receipts import Receipt
from evidence_kit.display import visible
from evidence_kit.models import Officer, utc_text
from evidence_kit.resources import template
from evidence_kit.texts import Language, Texts

_COMMAND = "evidence-kit verify CASE --receipt FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """What a receipt tells beside its digests."""

    receipt: Receipt
    case: str
    """The number of the case."""
    officer: Officer
    issued: datetime
    recorded: datetime
    """When the item was recorded, as claimed."""
    stamped: datetime | None
    """The first time stamp that covers it."""
    practice: bool

    def pairs(self) -> list[tuple[list[str], str]]:
        """Return the facts: their names in both languages, and the value."""
        officer = self.officer
        facts = {
            "reference": self.case,
            "item": self.receipt.item,
            "recorded": _both_times(self.recorded),
            "stamped": _both_times(self.stamped) if self.stamped else "–",
            "events": str(self.receipt.seq),
            "issued": f"{mongolian_moment(self.issued)}\n{english_moment(self.issued)}",
            "by": f"{officer.name} ({officer.id}), {officer.role}, {officer.agency}",
        }
        return [(_words(name), visible(value, newlines=True)) for name, value in facts.items()]


def _both_times(moment: datetime) -> str:
    """Return *moment* in Ulaanbaatar, as the time of issue beside it is, and in UTC."""
    return f"{local_stamp(moment)} (UTC+8)\n{utc_text(moment)}"


def receipt_text(page: ReceiptPage) -> str:
    """Return the receipt as plain text, which `evidence_kit.custody.receipts.read_receipt` reads back."""
    rows = page.receipt.rows()
    lines = [" · ".join(_words("title")), ""]
    if page.practice:
        lines += [_practice(), ""]
    lines += [f"{' · '.join(names)}: {value.replace(chr(10), ' · ')}" for names, value in page.pairs()]
    for prefix, name in (("H", "head"), ("D", "digest")):
        lines += ["", " · ".join(_words(name))]
        lines += [f"{row}  {'  '.join(groups)}" for row, groups in rows if row.startswith(prefix)]
    lines += ["", *_words("meaning"), "", *_words("check"), f"  {_COMMAND}", ""]
    lines += [f"{' · '.join(_words(name))}: ______________________________" for name in ("received", "handed")]
    return "\n".join(lines)


def render_receipt(page: ReceiptPage) -> bytes:
    """Return the page as a PDF; raises `ReportError`, `OSError`."""
    with TemporaryDirectory(prefix="evidence-kit-receipt-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        (work / "receipt.typ").write_bytes(template("receipt/receipt.typ").read_bytes())
        write_svg(page.receipt.code(), work / "code.svg")
        return set_one_page(work, "receipt.typ", _document(page), at=page.issued)


def _document(page: ReceiptPage) -> dict[str, Json]:
    rows: list[Json] = [[name, [*groups]] for name, groups in page.receipt.rows()]
    words: dict[str, Json] = {
        name: [*_words(name)] for name in ("title", "head", "meaning", "check", "received", "handed")
    }
    return {
        **words,
        "item": [*_words("digest")],
        "practice": _practice() if page.practice else None,
        "pairs": [{"names": [*names], "value": value} for names, value in page.pairs()],
        "rows": rows,
        "code": page.receipt.code(),
        "command": _COMMAND,
    }


def _words(name: str) -> list[str]:
    return [Texts.load(language).say(f"receipt.{name}") for language in Language]


def _practice() -> str:
    """The Mongolian line holds the English one."""
    return Texts.load(Language.MONGOLIAN).say("practice.line")
