"""Take one live page into a case: start event, capture, item, end event, time stamp.

The start is committed before the browser goes anywhere, so that an attempt can be neither undone nor made in secret;
when nothing follows it, it is shown for ever as abandoned.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from evidence_kit.archive.warcinfo import about_archive
from evidence_kit.browser.find import Browser
from evidence_kit.canonical import Json
from evidence_kit.capture.desk import Interactive
from evidence_kit.capture.files import FREEZE_TOKEN
from evidence_kit.capture.page import RunCoroutine, capture_page, complete_capture
from evidence_kit.capture.result import CaptureOptions, Outside, PageCapture
from evidence_kit.capture.sealing import Sealing
from evidence_kit.case.bracket import START_TOKEN, Opening
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import CAPTURED, ItemFile, ItemRecord, attempts
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import TakenItem, begin_item, bracket, conclude_item
from evidence_kit.case.workplace import Workplace, clear, clear_ended, interrupted, workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.recipients import Use
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.errors import CaptureError, FormatError, TimestampError, UsageError
from evidence_kit.models import OnStep, Problem, Status, ignore
from evidence_kit.plain import remove_others, write_anew
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import stamp


def take_page(  # noqa: PLR0913  # a case, an address, and who takes it how
    case: CaseFolder,
    url: str,
    *,
    custodian: Custodian,
    browser: Browser,
    options: CaptureOptions,
    stamping: Stamping,
    note: str = "",
    subjects: Sequence[str] = (),
    on_step: OnStep = ignore,
    run: RunCoroutine = asyncio.run,
    interactive: Interactive | None = None,
    sealing: Sealing | None = None,
) -> TakenItem:
    """Capture the page at *url* into *case* and return the committed item, however the capture ended.

    *subjects* are the pseudonyms of those whom it concerns. With *sealing* nothing of it comes into the case in plain.
    *run* is handed on to `capture_page`; *interactive* is who uses the window, with that option.

    Raises `UsageError` for ``connect_to`` or ``training_ca`` with a key that is not for practice, `CaseError` when
    the case cannot be written; a page that cannot be had is an item with status ``failed``.
    """
    if not custodian.signer.practice:
        _refuse_training(options)
    if sealing:
        sealing, on_step = sealing.renewed(), sealing.unnamed(url, on_step)
        options = sealing.fitted(options)
    on_step("recording the start in the custody log")
    opened, problems = bracket(stamping)
    opening = opened[0] if opened else None
    start = Draft(type=EventType.CAPTURE_STARTED, note=note, detail=_beginning(url, options, opening, sealing))
    item = begin_item(case, start, custodian, stamping, subjects=subjects)
    started = custodian.clock()
    with workplace(case, item) as place:
        with sealing.room(place) if sealing else nullcontext(place) as work:
            if opened:
                write_anew(work.folder / START_TOKEN, opened[1])
            recipients = sealing.recipients if sealing else case.recipients(Use.CONTENT, subjects)
            try:
                page = capture_page(
                    url,
                    work.folder,
                    options=options,
                    browser=browser,
                    warcinfo={
                        **about_archive(custodian.officer, case.info.number, item),
                        **(opening.warcinfo() if opening else {}),
                    },
                    clock=custodian.clock,
                    outside=replace(_outside(custodian, stamping, recipients), interactive=interactive),
                    on_step=on_step,
                    run=run,
                    recording=work.recording,
                )
                record = _record(case, item, page, options, opening)
                record = replace(record, problems=(*record.problems, *problems))
            except CaptureError as error:
                # What was half-made belongs to no record: the item holds the failure alone.
                shutil.rmtree(work.folder)
                work.folder.mkdir()
                record = _failed(case, item, url, error, options, started=started, finished=custodian.clock())
            on_step("sealing the item")
            if sealing:
                record = sealing.seal(record, work, place, on_step=on_step)
        taken = conclude_item(case, record, custodian, stamping, tokens=_tokens(place), note=note, subjects=subjects)
    clear(place)
    return taken


def _refuse_training(options: CaptureOptions) -> None:
    if options.connect_to:
        message = "addresses are led elsewhere for training only, and this signing key is not a practice key"
        raise UsageError(message, hint="leave out --connect-to, or sign with a practice key")
    if options.training_ca:
        message = "further authorities are believed for training only, and this signing key is not a practice key"
        raise UsageError(message, hint="leave out --training-ca, or sign with a practice key")


def _beginning(url: str, options: CaptureOptions, opening: Opening | None, sealing: Sealing | None) -> dict[str, Json]:
    detail: dict[str, Json] = {"url": url, "recorder": str(options.recorder)}
    if sealing:
        detail.update(sealing.beginning(url))
    if opening:
        detail["not_before"] = opening.to_json()
    if options.witness:
        detail["witness"] = options.witness.address
    return {**detail, "interactive": True} if options.interactive else detail


def _refuse(_item: str, error: FormatError) -> None:
    raise error


def complete_interrupted(
    case: CaseFolder,
    custodian: Custodian,
    stamping: Stamping,
    *,
    on_step: OnStep = ignore,
    on_damage: Callable[[str, FormatError], None] = _refuse,
) -> Iterator[TakenItem]:
    """Make items of the captures in *case* that were interrupted, as far as they came; each is incomplete.

    Of an attempt of which nothing was recorded only the start remains, as abandoned. A recording that is damaged is
    left where it is, and *on_damage* told of it; without one it is raised. Raises `CaseError`.
    """
    case.repair()
    events = case.log().full_events()
    subjects = subjects_of(events)
    tried = {attempt.item: attempt for attempt in attempts(events)}
    open_attempts = {item for item, attempt in tried.items() if attempt.finished_seq is None}
    # What somebody hands over is completed elsewhere.
    mine = [item for item in interrupted(case) if item not in tried or tried[item].source == CAPTURED]
    clear_ended(case, (item for item in mine if item not in open_attempts))
    for item in (item for item in mine if item in open_attempts):
        with workplace(case, item) as place:
            for folder in (place.folder, place.recording):
                # Nothing is written or read through a link that somebody has laid there since.
                remove_others(folder)
            concerned = subjects.get(item, ())
            try:
                taken = _complete(case, place, custodian, stamping, on_step=on_step, subjects=concerned)
            except FormatError as error:
                on_damage(item, error)
                continue
            if taken is None:
                # Nothing had been recorded: the start alone remains, as abandoned.
                shutil.rmtree(place.folder)
        clear(place)
        if taken is not None:
            yield taken


def _complete(  # noqa: PLR0913  # what is completed, by whom
    case: CaseFolder,
    place: Workplace,
    custodian: Custodian,
    stamping: Stamping,
    *,
    on_step: OnStep,
    subjects: Sequence[str],
) -> TakenItem | None:
    on_step(f"completing {place.item}, which was interrupted")
    starts = (e for e in case.log().full_events() if (e.type, e.item) == (EventType.CAPTURE_STARTED, place.item))
    start = next(starts)
    page = complete_capture(
        place.folder,
        place.recording,
        url=str(start.detail["url"]),
        clock=custodian.clock,
        outside=_outside(custodian, stamping, case.recipients(Use.CONTENT, subjects)),
        on_step=on_step,
    )
    if page is None:
        return None
    opening = Opening.from_json(start.detail.get("not_before"))
    record = _record(case, place.item, page, page.options, opening)
    return conclude_item(case, record, custodian, stamping, tokens=_tokens(place), subjects=subjects)


def _tokens(place: Workplace) -> tuple[Path, ...]:
    return place.folder / START_TOKEN, place.folder / FREEZE_TOKEN.path


def _outside(custodian: Custodian, stamping: Stamping, recipients: tuple[Recipient, ...]) -> Outside:
    return Outside(stamp=_stamp(stamping), zone=custodian.zone, recipients=recipients)


def _stamp(stamping: Stamping) -> Callable[[bytes], bytes] | None:
    """Return what asks the authorities, one after the other, until one stamps; None when none is to be asked."""
    if not stamping.tsa:
        return None

    def stamped(data: bytes) -> bytes:
        reasons = []
        for url in stamping.tsa:
            try:
                return stamp(url, sha256_bytes(data))
            except TimestampError as error:
                reasons.append(str(error))
        raise TimestampError("; ".join(reasons))

    return stamped


def _flags(options: CaptureOptions) -> list[Json]:
    """Return the special conditions that every reader of the item must be told."""
    flags: list[Json] = [
        {"code": "connect-to", "detail": f"{name} = {address}"} for name, address in options.connect_to
    ]
    flags += [
        {"code": "training-ca", "detail": f"{certificate.subject}, SHA-256 {certificate.fingerprint}"}
        for pem in options.training_ca
        for certificate in load_certificates(pem.encode("ascii"))
    ]
    if options.insecure:
        flags.append({"code": "insecure", "detail": ""})
    if options.witness:
        flags.append({"code": "witness", "detail": options.witness.address})
    if options.sensitive:
        flags.append({"code": "sensitive", "detail": ""})
    return flags


def _record(
    case: CaseFolder, item: str, page: PageCapture, options: CaptureOptions, opening: Opening | None
) -> ItemRecord:
    status = page.page.get("http_status")
    return ItemRecord(
        id=item,
        case=case.info.number,
        source=CAPTURED,
        status=page.status,
        url=page.url,
        final_url=page.final_url,
        started=page.started,
        finished=page.finished,
        recorder=page.recorder,
        problems=page.problems,
        files=tuple(ItemFile(path=file.path, role=file.role, media_type=file.media_type) for file in page.files),
        http_status=status if isinstance(status, int) else None,
        shots=page.shots if options.interactive else None,
        detail={
            "environment": page.environment,
            "actions": [action.to_json() for action in page.actions],
            **_told(options),
            **({"not_before": opening.to_json()} if opening else {}),
            "wacz": {"transport_key_sha256": str(page.wacz.spki_sha256)},
        },
    )


def _failed(  # noqa: PLR0913  # each is one plain fact of the record
    case: CaseFolder,
    item: str,
    url: str,
    error: CaptureError,
    options: CaptureOptions,
    *,
    started: datetime,
    finished: datetime,
) -> ItemRecord:
    return ItemRecord(
        id=item,
        case=case.info.number,
        source=CAPTURED,
        status=Status.FAILED,
        url=url,
        final_url=url,
        started=started,
        finished=finished,
        recorder=str(options.recorder),
        problems=(Problem(code="capture.failed", detail=str(error)),),
        files=(),
        # No witness: nothing passed that one could have signed.
        detail=_told(replace(options, witness=None)),
    )


def _told(options: CaptureOptions) -> dict[str, Json]:
    return {"flags": _flags(options), **({"label": options.label} if options.label else {})}
