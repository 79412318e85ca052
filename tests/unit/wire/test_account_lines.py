"""Lines of an account that cannot be true or cannot be read, and what the verifier tells of an account."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.archive.tree import FolderTree
from evidence_kit.canonical import Json, dumps
from evidence_kit.models import Check, Outcome
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.connections import NAME as ACCOUNT
from evidence_kit.verify.connections import check_connections
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.wire.recheck import check_account
from tests.support.accounts import (
    CERTIFICATES,
    PROOF,
    RECORDS,
    Line,
    account_of,
    changed,
    connection,
    flipped,
    make_account,
    outcomes_of,
    spool_of,
)
from tests.unit.wire.tls.peers import START, Peers

LINES = "connections.lines"


def hide(value: Line, content: str = "none") -> None:
    value["tls"]["content"] = content
    value["tls"]["findings"][0].update(outcome="not-checked", detail="")


CONTRADICTIONS: dict[str, Callable[[Line], object]] = {
    "TLS without anything": lambda value: value.update(tls=None, handshake=None),
    "a handshake without TLS": lambda value: value.update(tls=None, protocol="http"),
    "another protocol": lambda value: value.update(protocol="http"),
    "nothing passed": lambda value: value.update(protocol="none"),
    "no digest": lambda value: value["client"].update(sha256=None),
    "no findings": lambda value: value["tls"].update(findings=[]),
    "findings in another order": lambda value: value["tls"]["findings"].reverse(),
    "a finding twice": lambda value: value["tls"]["findings"].append(value["tls"]["findings"][0]),
    "no content though there are keys": lambda value: value["tls"].update(content="none"),
    "no content though there are bytes": hide,
    "locked without a problem": lambda value: hide(value, "locked"),
    "no handshake": lambda value: value.update(handshake=None),
    "no handshake of content none": lambda value: value.update(handshake=None, tls={**value["tls"], "content": "none"}),
    "no handshake of another version": lambda value: (
        value.update(handshake=None),
        value["tls"].update(version="tls/1.2", resumed=True),
    ),
    "fewer bytes than kept": lambda value: value["server"].update(bytes=100),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_line_that_contradicts_itself_is_named(
    tmp_path: Path, peers: Peers, change: Callable[[Line], object]
) -> None:
    opening, line = make_account(tmp_path, peers)

    assert outcomes_of([opening, changed(line, change)])[1, LINES] is Outcome.FAILED


def test_of_tls_12_the_handshake_may_not_be_left_out(tmp_path: Path, peers: Peers) -> None:
    peers.use_12()
    opening, line = make_account(tmp_path, peers)

    altered = changed(line, lambda value: value.update(handshake=None))

    assert outcomes_of([opening, altered])[1, LINES] is Outcome.FAILED


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_line_is_found(tmp_path: Path, peers: Peers, missing: int) -> None:
    recordings = [peers.converse()[0] for _ in range(3)]
    lines = account_of(spool_of(tmp_path / "spool", recordings), peers.keys)
    assert LINES not in {check for _, check in outcomes_of(lines)}

    del lines[missing]

    assert outcomes_of(lines)[None, LINES] is Outcome.FAILED


BROKEN: list[tuple[str, Callable[[list[bytes]], None], int]] = [
    ("empty", lambda lines: lines.clear(), 1),
    ("no first line", lambda lines: lines.__delitem__(0), 1),
    ("another schema", lambda lines: put(lines, 0, lambda value: value.update(schema="other/1")), 1),
    ("torn", lambda lines: lines.append(lines.pop()[:-9]), 2),
    ("no JSON", lambda lines: lines.append(b"\xff\n"), 3),
    ("twice", lambda lines: lines.append(lines[-1]), 3),
    ("a key more", lambda lines: put(lines, 1, lambda value: value.update(more=1)), 2),
    ("a key less", lambda lines: put(lines, 1, lambda value: value["tls"].pop("alpn")), 2),
    ("no number", lambda lines: put(lines, 1, lambda value: value.update(port="443")), 2),
    ("no time", lambda lines: put(lines, 1, lambda value: value.update(opened="today")), 2),
    ("no base64", lambda lines: put(lines, 1, lambda value: value["handshake"].update(client="===")), 2),
    ("loose base64", lambda lines: put(lines, 1, lambda value: value["handshake"].update(client="AB==")), 2),
    ("a missing certificate", lambda lines: put(lines, 1, lambda value: certificate(value).pop("der")), 2),
    ("another certificate", lambda lines: put(lines, 1, lambda value: certificate(value).update(der="AAAA")), 2),
]


def certificate(value: Line) -> Line:
    first: Line = value["tls"]["certificates"][0]
    return first


def put(lines: list[bytes], place: int, change: Callable[[Line], object]) -> None:
    lines[place] = changed(lines[place], change)


@pytest.mark.parametrize(("_name", "spoil", "number"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_a_malformed_line_is_named(
    tmp_path: Path, peers: Peers, _name: str, spoil: Callable[[list[bytes]], None], number: int
) -> None:
    lines = make_account(tmp_path, peers)
    spoil(lines)

    last = list(check_account(lines))[-1]

    assert (last.line, last.connection, str(last.check), last.outcome) == (
        number,
        None,
        "connections.lines",
        Outcome.FAILED,
    )


def test_whatever_stands_in_a_line_is_a_finding_and_no_error(tmp_path: Path, peers: Peers) -> None:
    opening, line = make_account(tmp_path, peers)
    values: list[Json] = [None, True, -1, 2**53 - 1, "", "\u202e", "00", [], {}, [[]], [{}]]

    for place in places(connection(line)):
        for value in values:
            altered = changed(line, lambda whole, place=place, value=value: replace(whole, place, value))  # type: ignore[misc]
            for each in check_account([opening, altered]):
                assert dumps(each.detail)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, member in members for place in places(member, (*path, key))]
    return ([path] if path else []) + inner


def replace(whole: Line, place: tuple[Any, ...], value: Json) -> None:
    for key in place[:-1]:
        whole = whole[key]
    whole[place[-1]] = value


def test_the_verifier_tells_what_passed_once_and_what_failed_by_its_connection(tmp_path: Path, peers: Peers) -> None:
    lines = make_account(tmp_path, peers, 3)
    lines[2] = flipped(lines[2], "server", 200, 1, digest=True)

    checks = verify(tmp_path, b"".join(lines))

    assert [(check.id, check.subject, check.outcome) for check in checks] == [
        (RECORDS, f"items/EV-0001/{ACCOUNT}#2", Outcome.FAILED),
        ("connections.lines", f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (PROOF, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (PROOF, f"items/EV-0001/{ACCOUNT}", Outcome.NOT_CHECKED),
        (RECORDS, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
        (CERTIFICATES, f"items/EV-0001/{ACCOUNT}", Outcome.PASSED),
    ]
    assert checks[3].detail.startswith("2 connections (2, 3): it resumes")


def test_the_verifier_refuses_a_line_without_end(tmp_path: Path) -> None:
    (check,) = verify(tmp_path, bytes(5 << 20))

    assert (check.id, check.outcome) == ("connections.lines", Outcome.FAILED)
    assert check.detail.startswith("line 1: ")


def verify(folder: Path, account: bytes) -> list[Check]:
    item = folder / "case" / "items" / "EV-0001"
    item.mkdir(parents=True)
    (item / ACCOUNT).write_bytes(account)
    exam = Examination(roots=TrustedRoots(), now=START)
    check_connections(exam, CaseFiles(FolderTree(folder / "case"), ""), f"items/EV-0001/{ACCOUNT}")
    return exam.checks
