"""Invented reports of any length: fictional, mild, and hostile where a test asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from evidence_kit.bundle.comparison_parts import ComparedPlace, ComparedRow, Comparison, MadeOf, NotDone
from evidence_kit.bundle.exhibit_parts import (
    Action,
    Attempted,
    AttemptState,
    ContextShot,
    Fact,
    ItemFile,
    MissingRequest,
    PageLink,
    Redirect,
    RequestCount,
    Requests,
)
from evidence_kit.bundle.printed_commands import CheckCommand, CheckStep
from evidence_kit.bundle.register_parts import WithheldEvent
from evidence_kit.bundle.report_model import (
    Attempt,
    AttemptOutcome,
    CaseHead,
    CustodyEntry,
    Exhibit,
    Holdings,
    ReportData,
    ReportSignature,
    SignatureLevel,
    Software,
    TimeStampState,
)
from evidence_kit.bundle.sealed_parts import SealedContent, SealedLine
from evidence_kit.bundle.supplied_parts import Found, HandedOver, NotTaken, Supplied
from evidence_kit.case.supply import Circumstances
from evidence_kit.models import Digest, Officer, Problem, Status, Trust
from evidence_kit.pictures.viewing_copy import ViewingCopy

MOMENT = datetime(2026, 11, 21, 6, 5, 7, 123000, tzinfo=UTC)
TITLE = "Ө Ү ө ү ₮ Уулын бэлд цас орлоо"
COMMANDS = (
    CheckCommand(step=CheckStep.FILES, command="sha256sum -c manifest-sha256.txt"),
    CheckCommand(step=CheckStep.TAGS, command="sha256sum -c tagmanifest-sha256.txt"),
    CheckCommand(step=CheckStep.ROOT, command="sha256sum data/evidence-sha256.txt"),
    CheckCommand(
        step=CheckStep.SIGNATURE,
        command=(
            "openssl cms -verify -binary -purpose any -cades -attime 1795241107 -inform DER"
            " -in tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt -certfile data/trust/signer.pem"
            " -CAfile data/trust/chain.pem -out /dev/null"
        ),
    ),
    CheckCommand(step=CheckStep.REPORT, command="pdfsig data/report.pdf"),
)


def digest_of(text: str) -> Digest:
    """Return the SHA-256 of *text*."""
    return Digest(sha256(text.encode()).digest())


def exhibit_of(number: int, *, text: str = TITLE, screenshot: ViewingCopy | None = None) -> Exhibit:
    """Return an exhibit in which *text* stands wherever a page or an officer may have put it."""
    started = MOMENT + timedelta(minutes=7 * number)
    url = f"http://127.0.0.1:8741/posts/{1000 + number}"
    return Exhibit(
        number=number,
        item=f"EV-{number:04}",
        status=Status.INCOMPLETE if number % 2 else Status.COMPLETE,
        url=url,
        final_url=url + "#" + text,
        started=started,
        finished=started + timedelta(seconds=19),
        recorder="browser",
        manifest_sha256=digest_of(f"manifest {number}"),
        files=(ItemFile(path="capture.wacz", role="wacz", sha256=digest_of(f"wacz {number}"), size=1_834_211),),
        http_status=200,
        title=text,
        visible_text=text + "\n25 000 ₮",
        note=text,
        problems=(Problem(code="timeout", detail=text),),
        environment=(Fact(name="browser", value="Chromium 156"), Fact(name="unknown", value=text)),
        actions=(Action(time=started, name="scrolled", facts=(Fact(name="stopped", value=text),)),),
        attempted=(Attempted(code="expand", state=AttemptState.NOT_ATTEMPTED),),
        requests=Requests(
            counts=(RequestCount(code="requests", count=24), RequestCount(code="failed", count=1)),
            missing=(MissingRequest(outcome="failed", reason="net::ERR_FAILED", url=text),),
            unlisted=0,
        ),
        links=(PageLink(text=text, url=url + "/next"),),
        redirects=(Redirect(status=301, source=url, target=url + text),),
        flags=(Problem(code="connect-to", detail=text),),
        practice=True,
        time_stamp_pending=True,
        screenshot=screenshot,
    )


def supplied_exhibit_of(number: int, *, text: str = TITLE) -> Exhibit:
    """Return an exhibit of three files that somebody handed over, with *text* wherever they may have written it."""
    files = tuple(
        HandedOver(
            path=f"original/000{each}.jpg",
            called=f"{each} {text}.jpg",
            size=104_000 * each,
            sha256=digest_of(f"file {each}"),
            modified=MOMENT,
            kind="picture",
            media_type="image/jpeg",
            width=1080,
            height=2400,
            found=(Found(code="screenshot.said", told=text, pointer="jpeg/COM", offset=20, length=12),),
            on_demand=each,
            on_demand_at=("exif/GPS",),
        )
        for each in (1, 2, 3)
    )
    told = Supplied(
        circumstances=Circumstances(provided_by="V-01", received=MOMENT, device=text, way="USB"),
        sensitive=True,
        amount=3,
        size=624_000,
        files=files,
        not_taken=(NotTaken(called=text, code="file.link", detail=""),),
    )
    return replace(
        exhibit_of(number),
        url="",
        final_url="",
        title="",
        recorder="",
        problems=(Problem(code="file.link", detail="1"),),
        flags=(Problem(code="sensitive", detail=""),),
        supplied=told,
    )


def _of_no_page(number: int) -> Exhibit:
    """Return an exhibit that has nothing of a page."""
    plain = exhibit_of(number)
    return Exhibit(
        number=number,
        item=plain.item,
        status=Status.COMPLETE,
        url="",
        final_url="",
        started=plain.started,
        finished=plain.finished,
        recorder="",
        manifest_sha256=plain.manifest_sha256,
        files=(),
        captured_by="Б. Сургалт, мөрдөгч",
        place="Улаанбаатар",
        subjects=("V-01",),
        practice=True,
        time_stamp=plain.finished + timedelta(seconds=2),
    )


def sealed_exhibit_of(number: int, *, source: str = "supplied", later: bool = False) -> Exhibit:
    """Return an exhibit of two files to which two have the key, that came as *source* says."""
    files = tuple(
        SealedLine(path=f"sealed/000{each}.age", size=104_000 * each, commitment=digest_of(f"commitment {each}"))
        for each in (1, 2)
    )
    told = SealedContent(
        source=source, later=later, keys=2, amount=2, size=312_000, files=files, included=source != "captured"
    )
    listed = ItemFile(path="sealed.json", role="sealed-register", sha256=digest_of("register"), size=1_204)
    return replace(_of_no_page(number), files=(listed,), sealed=told)


def compared_exhibit_of(number: int, *, parts: ViewingCopy) -> Exhibit:
    """Return the comparison of exhibits 3 and 1, with two *parts* of a picture of the first."""
    shown = ComparedPlace(file="original/0001.jpg", where="x 40–1040, y 310–910", told="")
    there = ComparedPlace(file="screenshot.png", where="x 80–1200, y 400–1000", told="")
    told = replace(shown, told=TITLE)
    rows = (
        ComparedRow(
            kind="picture", outcome="agrees", measure="correlation", measured="0.97", supplied=shown, captured=there
        ),
        ComparedRow(
            kind="text",
            outcome="differs",
            measure="similarity",
            measured="0.61",
            supplied=told,
            captured=ComparedPlace(file="text.txt", where="+120 (44 B)", told=TITLE.replace("цас", "бороо")),
        ),
        ComparedRow(kind="name", outcome="absent", measure="", measured="", supplied=told, captured=None),
    )
    made_of = tuple(MadeOf(item=f"EV-{each:04}", manifest_sha256=digest_of(f"manifest {each}")) for each in (3, 1))
    not_done = (NotDone(code="picture.plain", detail="", files="original/0002.jpg"),)
    comparison = Comparison(made_of=made_of, sensitive=False, reader="tesseract 5.3.0", rows=rows, not_done=not_done)
    listed = ItemFile(path="corroboration.json", role="corroboration", sha256=digest_of("list"), size=2_048)
    shots = (ContextShot(path="EV-0003/original/0001.jpg", role="original", taken=None, copy=parts),)
    return replace(
        _of_no_page(number),
        files=(listed,),
        comparison=comparison,
        context_shots=shots,
    )


def report_of(*exhibits: Exhibit, text: str = TITLE) -> ReportData:
    """Return a practice report of *exhibits*, with *text* wherever people wrote something."""
    attempts = [
        Attempt(
            seq=each.number * 2,
            time=each.started,
            url=each.url,
            outcome=AttemptOutcome(str(each.status)),
            item=each.item,
            exhibit=each.number,
            handed_over=each.handed_over,
            sealed=each.sealed is not None,
            made_of=each.made_of,
        )
        for each in exhibits
    ]
    problems = (Problem(code="page.timeout", detail=text), Problem(code="capture.failed", detail=""))
    attempts.append(Attempt(seq=90, time=MOMENT, url=text, outcome=AttemptOutcome.FAILED, problems=problems))
    attempts.append(Attempt(seq=93, time=MOMENT, url="http://a.example/", outcome=AttemptOutcome.ABANDONED))
    event = CustodyEntry(
        seq=1, time=MOMENT, type="captured", line_sha256=digest_of("1"), actor=text, role=text, purpose=text, note=text
    )
    withheld = WithheldEvent(day="2026-11-21", ground=text, decided_by=text)
    return ReportData(
        case=CaseHead(number="СУРГАЛТ-2026/0147", title=text, office=text, legal_basis=text),
        purpose=text,
        prepared_by=Officer(name="Б. Сургалт", id="T-0042", role="мөрдөгч", agency=text),
        prepared_at=MOMENT + timedelta(days=1),
        practice=True,
        signature=ReportSignature(
            level=SignatureLevel.B_B,
            signer=text,
            certificate_sha256=digest_of("certificate"),
            trust=Trust.PRACTICE,
            time_stamp=TimeStampState.NONE,
        ),
        holdings=Holdings(root=digest_of("root"), files=7, size=2_793_770, withheld_items=1, withheld_events=1),
        attempts=tuple(attempts),
        exhibits=exhibits,
        custody=(event, replace(event, seq=2, time=None, withheld=withheld)),
        commands=COMMANDS,
        page=digest_of("page"),
        software=(Software(name="evidence-kit", version="0.1.0"),),
    )
