"""Invented reports of any length: fictional, mild, and hostile where a test asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from evidence_kit.bundle.exhibit_parts import (
    Action,
    Attempted,
    AttemptState,
    Fact,
    ItemFile,
    MissingRequest,
    PageLink,
    Redirect,
    RequestCount,
    Requests,
)
from evidence_kit.bundle.register_parts import WithheldEvent
from evidence_kit.bundle.report_model import (
    Attempt,
    AttemptOutcome,
    CaseHead,
    CheckCommand,
    CheckStep,
    CustodyEntry,
    Exhibit,
    Holdings,
    ReportData,
    ReportSignature,
    SignatureLevel,
    Software,
    TimeStampState,
)
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
