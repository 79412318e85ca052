"""What an item's own files tell beyond ``item.json``: the ledger, what was attempted, the environment, its pictures.

Everything here is read back from the files as they lie in the bundle. A file that is missing leaves its part empty:
what an item must hold is for verification to say. Raises `FormatError` for a file that is not what it claims to be.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.bundle.exhibit_parts import (
    Attempted,
    AttemptState,
    ItemFile,
    MissingRequest,
    Redirect,
    RequestCount,
    Requests,
)
from evidence_kit.canonical import Json
from evidence_kit.case.sealed import objects
from evidence_kit.errors import FormatError
from evidence_kit.models import parse_utc

MOST_MISSING = 30
"""Missing requests that the report lists; the ledger has all."""

_FATES = (
    "recorded",
    "served-from-service-worker",
    "served-from-cache",
    "truncated",
    "failed",
    "not-recorded",
)
_MISSING = ("truncated", "failed", "not-recorded")
_TAKEN = (
    ("dom", "dom"),
    ("screenshot", "screenshot"),
    ("text", "text"),
    ("mhtml", "mhtml"),
    ("dom-snapshot", "dom-snapshot"),
    ("accessibility", "accessibility"),
    ("first-screenshot", "first-screenshot"),
)
"""Codes of ``attempted``, and the roles of the files that show that they were done."""

_CUT = (("screenshot.truncated", "screenshot"), ("freeze.failed", "first-screenshot"))
"""Codes of problems, and what in ``attempted`` is then done in part only."""

_PICTURES = ("first-screenshot", "first-full", "window", "screenshot")

_ENVIRONMENT = (
    ("browser", "product"),
    ("browser", "revision"),
    ("browser", "protocol_version"),
    ("browser", "user_agent"),
    ("browser", "profile"),
    ("browser", "headless"),
    ("browser", "sandbox"),
    ("browser", "sandbox_reason"),
    ("system", "platform"),
    ("system", "machine"),
    ("settings", "viewport"),
    ("settings", "device_pixel_ratio"),
    ("settings", "locale"),
    ("settings", "timezone"),
    ("settings", "certificate_errors_ignored"),
    ("settings", "connect_to"),
    ("settings", "training_ca"),
    ("settings", "timeout_ms"),
    ("settings", "max_bytes"),
    ("tool", "version"),
    ("tool", "versions"),
)
_NAMES = {"product": "browser", "revision": "browser_revision", "platform": "system", "version": "tool_version"}
"""Names of facts where ``environment`` in the texts has another word than the file."""


def read_object(path: Path | None) -> dict[str, Json]:
    """Return the JSON object in the file at *path*; empty when there is no such file."""
    value = canonical.parse(path.read_bytes()) if path else {}
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise FormatError(message)
    return value


def requests_of(ledger: Path | None) -> Requests | None:
    """Return what the ledger at *ledger* tells of every request; None when there is no ledger."""
    if ledger is None:
        return None
    fates: Counter[str] = Counter()
    missing = []
    with ledger.open("rb") as lines:
        next(lines, b"")
        for line in lines:
            request = canonical.parse(line)
            if not isinstance(request, dict):
                message = "a line of the ledger is not a JSON object"
                raise FormatError(message)
            outcome, reason = str(request.get("outcome", "")), str(request.get("reason", ""))
            fates.update([outcome, "requests", *(["background"] if request.get("background") else [])])
            if outcome == "failed" and "blocked" in reason.lower():
                fates["blocked"] += 1
            if outcome in _MISSING:
                missing.append(MissingRequest(outcome=outcome, reason=reason, url=str(request.get("url", ""))))
    codes = ("requests", *_FATES, "blocked", "background")
    return Requests(
        counts=tuple(RequestCount(code=code, count=fates[code]) for code in codes),
        missing=tuple(missing[:MOST_MISSING]),
        unlisted=max(0, len(missing) - MOST_MISSING),
    )


def attempted(
    record: dict[str, Json], environment: dict[str, Json], files: Sequence[ItemFile]
) -> tuple[Attempted, ...]:
    """Return what was and was not attempted in the capture of *record*; nothing for what was not captured."""
    if record.get("source") != "captured":
        return ()
    roles = {file.role for file in files}
    settings = environment.get("settings")
    told = settings if isinstance(settings, dict) else {}
    done, asked = AttemptState.DONE, AttemptState.NOT_ESTABLISHED
    states = {"source": done if isinstance(record.get("http_status"), int) else AttemptState.NOT_OBTAINED}
    states |= {code: done if role in roles else AttemptState.NOT_OBTAINED for code, role in _TAKEN}
    known = {problem.get("code") for problem in objects(record.get("problems"))}
    states |= {code: AttemptState.PARTLY for problem, code in _CUT if problem in known and states[code] is done}
    states["wire"] = done if record.get("recorder") == "wire" else AttemptState.NOT_ATTEMPTED
    acted = _names(record.get("actions"))
    states["scroll"] = _asked(told.get("scroll"), done="scrolled" in acted)
    states["expand"] = _asked(told.get("expand"), done="expanded" in acted)
    if told.get("interactive"):
        # By hand there is no freeze, and the program does nothing to the page.
        states |= dict.fromkeys(("first-screenshot", "scroll", "expand"), AttemptState.NOT_ATTEMPTED)
    states["login"] = asked if told.get("interactive") or not told else AttemptState.NOT_ATTEMPTED
    states["all-comments"] = asked
    return tuple(Attempted(code=code, state=state) for code, state in states.items())


def _names(actions: Json) -> set[str]:
    listed = actions if isinstance(actions, list) else []
    return {str(action.get("action")) for action in listed if isinstance(action, dict)}


def _asked(setting: Json, *, done: bool) -> AttemptState:
    """Return what came of something that *setting* asked for: a setting alone did nothing."""
    match setting:
        case True:
            return AttemptState.DONE if done else AttemptState.NOT_OBTAINED
        case False:
            return AttemptState.NOT_ATTEMPTED
    return AttemptState.NOT_ESTABLISHED


def environment_facts(environment: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield name and value of what ``environment.json`` says: browser, system, settings, clock, network."""
    for part, key in _ENVIRONMENT:
        section = environment.get(part)
        if isinstance(section, dict) and section.get(key) not in (None, "", []):
            yield _NAMES.get(key, key), _as_measure(section[key]) if key == "viewport" else section[key]
    match environment.get("time"):
        case {"clock": {"state": str(state), **rest}}:
            yield "clock_state", state
            if isinstance(rest.get("offset_ms"), int):
                yield "clock_offset", f"{rest['offset_ms']:+d} ms ({rest.get('source', '')})"
            elif isinstance(rest.get("why"), str):
                yield "clock_why", str(rest["why"])
    match environment.get("network"):
        case {"egress_address": dict(asked)}:
            yield "egress_address", str(asked.get("address") or asked.get("why") or "")
        case {"egress_address": str(asked)}:
            yield "egress_address", asked


def _as_measure(value: Json) -> Json:
    """Return width and height as the measures of pictures are printed."""
    return " × ".join(map(str, value)) if isinstance(value, list) else value


def pictures_of(folder: Path, files: Sequence[ItemFile]) -> Iterator[tuple[ItemFile, datetime | None]]:
    """Yield each picture of the item in *folder* and when it was taken, the main screenshot first."""
    paths = {file.role: folder / file.path for file in files}
    times = dict(_times(read_object(paths.get("freeze")), read_object(paths.get("shots"))))
    found = [file for file in files if file.role in _PICTURES]
    main = next((file for file in found if file.role == "screenshot"), None)
    found.sort(key=lambda file: file is not main)
    for file in found:
        yield file, times.get(file.path)


def _times(freeze: dict[str, Json], shots: dict[str, Json]) -> Iterator[tuple[str, datetime]]:
    if "time" in freeze:
        yield "first/screenshot.png", parse_utc(freeze["time"])
    listed = shots.get("shots")
    for shot in listed if isinstance(listed, list) else []:
        match shot:
            case {"number": int(number), "taken": dict(taken)}:
                for role, moment in taken.items():
                    yield f"shots/{number:02d}/{role}.png", parse_utc(moment)


def server_date(page: dict[str, Json]) -> str:
    """Return the time that the server claimed with the document; empty when it claimed none."""
    match page.get("server"):
        case {"date": str(date)}:
            return date
    return ""


def server_of(page: dict[str, Json]) -> str:
    """Return the address that answered with the document, and the protocol spoken; empty when unknown."""
    match page.get("server"):
        case {"ip": str(ip), "protocols": list(protocols)} if ip:
            spoken = ", ".join(str(protocol) for protocol in protocols)
            return f"{ip} ({spoken})" if spoken else ip
    return ""


def redirects_of(page: dict[str, Json]) -> Iterator[Redirect]:
    """Yield the redirects that led to the document."""
    for hop in objects(page.get("redirects")):
        match hop:
            case {"status": int(status), "url": str(source), "location": str(target)}:
                yield Redirect(status=status, source=source, target=target)


def plain_text(value: Json) -> str:
    """Return a fact as people read it: text as it is, lists and objects joined."""
    match value:
        case str():
            return value
        case dict():
            return "; ".join(f"{key}: {plain_text(member)}" for key, member in value.items())
        case list():
            return ", ".join(plain_text(member) for member in value)
        case bool():
            return "yes" if value else "no"
        case None:
            return ""
        case _:
            return str(value)
