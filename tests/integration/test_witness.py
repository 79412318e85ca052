"""A real browser's capture through a witness in a process of its own, and what the verifier says of it."""

import contextlib
import hashlib
import json
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.capture.witnessing import judge_statements
from tests.support.capture_site import RawSite, reply
from tests.support.witnesses import Installation, serving
from tests.unit.wire.tls.peers import make_identity

pytestmark = [pytest.mark.browser, pytest.mark.network]

PAGE = reply("<!doctype html><title>t</title><p>Сайн байна уу</p><img src=/a.svg>")
PICTURE = reply("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "image/svg+xml")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    identity = make_identity(tmp_path_factory.mktemp("tls"), "p256")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    return context


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(folder=tmp_path_factory.mktemp("witness") / "w").set_up("Гэрч")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(folder=tmp_path_factory.mktemp("office") / "o").set_up("Officer")


def new_case(office: Installation, folder: Path) -> Path:
    office.done("case", "new", folder, "--number", "2026-001", "--title", "Practice")
    return folder


def capture(office: Installation, case: Path, url: str, *options: object) -> tuple[int, dict[str, Any]]:
    done = office.run("capture", url, "--case", case, "--insecure", "--timeout", "16", "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["items"][0]


def codes(item: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in item["problems"]}


@pytest.fixture(scope="module")
def item(
    office: Installation, witness: Installation, tls: ssl.SSLContext, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the folder of an item that was captured through the witness."""
    case = new_case(office, tmp_path_factory.mktemp("case") / "case")
    with RawSite({"/": PAGE, "/a.svg": PICTURE}, tls) as site, serving(witness, [office], "--allow-private") as place:
        code, told = capture(office, case, f"{site.url}/", "--witness", place, "--witness-trust", witness.certificate)
    assert (code, told["status"]) == (0, "complete"), told["problems"]
    return case / "items" / "EV-0001"


def verify(office: Installation, path: Path, *options: object) -> tuple[str, list[dict[str, str]]]:
    document = json.loads(office.run("verify", path, "--json", *options).stdout)
    return document["verdict"], document["checks"]


def outcomes(checks: list[dict[str, str]], id_: str) -> set[str]:
    return {check["outcome"] for check in checks if check["id"] == id_}


def test_a_capture_through_a_witness_says_which_of_three_things_hold(office: Installation, item: Path) -> None:
    verdict, checks = verify(office, item.parents[1])

    assert verdict == "verified"
    for id_ in ("tls.server-proof", "tls.records", "witness.signature"):
        assert "passed" in outcomes(checks, id_)
    assert outcomes(checks, "witness.signature") == {"passed"}
    assert outcomes(checks, "witness.trust") == {"not-checked"}
    assert '"witness":"127.0.0.1:' in (item.parents[1] / "custody.jsonl").read_text(encoding="utf-8")


def test_a_practice_witness_is_nobody_outside_its_own_installation(
    office: Installation, item: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes((item / "witness.pem").read_bytes())

    _, checks = verify(office, item.parents[1], "--trust", root)

    assert outcomes(checks, "witness.trust") == {"not-checked"}


def altered(item: Path, folder: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Return a copy of *item* with a changed file, and manifest and record made to fit it."""
    copy = folder / item.name
    shutil.copytree(item, copy)
    before = hashlib.sha256((copy / name).read_bytes()).hexdigest()
    data = change((copy / name).read_bytes())
    assert hashlib.sha256(data).hexdigest() != before
    (copy / name).write_bytes(data)
    after = hashlib.sha256(data).hexdigest()
    record = (copy / "item.json").read_bytes()
    (copy / "item.json").write_bytes(record.replace(before.encode(), after.encode()))
    old, new = (hashlib.sha256(each).hexdigest() for each in (record, (copy / "item.json").read_bytes()))
    manifest = (copy / "manifest-sha256.txt").read_text(encoding="utf-8")
    (copy / "manifest-sha256.txt").write_text(
        manifest.replace(before, after).replace(old, new), encoding="utf-8", newline="\n"
    )
    return copy


def other_digest(data: bytes) -> bytes:
    """Write other content's digest for what the server of the first connection with content sent."""
    lines = data.split(b"\n")
    for number, line in enumerate(lines[1:-1], start=1):
        value = json.loads(line)
        if value["server"]["bytes"]:
            lines[number] = line.replace(value["server"]["sha256"].encode(), b"sha256:" + b"0" * 64)
            break
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("connections.jsonl", other_digest),
        ("witness.jsonl", lambda data: data.replace(b'"untaken":0', b'"untaken":1', 1)),
        ("witness.jsonl", lambda data: b"".join(data.splitlines(keepends=True)[:-2])),
        ("witness.sig", lambda data: b"".join(reversed(data.splitlines(keepends=True)))),
        ("witness.sig", lambda data: data[:-9] + data[-5:]),
        ("witness.pem", lambda _data: b""),
    ],
    ids=["digest", "statement", "statements cut", "signatures swapped", "signature cut", "no certificate"],
)
def test_what_was_changed_on_either_side_fails_the_check(
    office: Installation, item: Path, tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    copy = altered(item, tmp_path, name, change)

    verdict, checks = verify(office, copy)

    assert verdict == "altered"
    assert "failed" in outcomes(checks, "witness.signature")
    assert "failed" not in outcomes(checks, "item.manifest") | outcomes(checks, "item.record")


def test_an_item_that_found_its_witness_lying_is_not_called_altered_for_that(
    office: Installation, item: Path, tmp_path: Path
) -> None:
    copy = altered(item, tmp_path / "a", "witness.jsonl", lambda data: data.replace(b'"untaken":0', b'"untaken":1', 1))
    again = altered(
        copy, tmp_path / "b", "item.json", lambda data: data.replace(b"certificate.invalid", b"witness.refuted")
    )

    _, checks = verify(office, again)

    assert outcomes(checks, "witness.signature") == {"not-checked"}


def test_without_its_statements_the_flag_still_tells_of_the_witness(
    office: Installation, item: Path, tmp_path: Path
) -> None:
    copy = tmp_path / item.name
    shutil.copytree(item, copy)
    (copy / "witness.jsonl").unlink()

    _, checks = verify(office, copy)

    assert outcomes(checks, "witness.signature") == {"not-checked"}
    assert outcomes(checks, "item.manifest") == {"failed"}


def test_a_witness_that_is_not_there_stops_the_capture(
    office: Installation, witness: Installation, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        place = f"127.0.0.1:{unused.getsockname()[1]}"

    code, told = capture(
        office,
        new_case(office, tmp_path / "case"),
        "http://127.0.0.1:9/",
        "--witness",
        place,
        "--witness-trust",
        witness.certificate,
    )

    assert (code, told["status"]) == (1, "failed")
    assert "the witness at" in told["problems"][0]["detail"]


@pytest.mark.slow
def test_it_is_gone_on_without_only_if_told_so(
    office: Installation, witness: Installation, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        place = f"127.0.0.1:{unused.getsockname()[1]}"
    options = ("--witness", place, "--witness-trust", witness.certificate, "--witness-optional")
    with RawSite({"/": PAGE, "/a.svg": PICTURE}, tls) as site:
        code, told = capture(office, new_case(office, tmp_path / "case"), f"{site.url}/", *options)

    assert (code, told["status"]) == (4, "incomplete")
    assert codes(told) == {"witness.unreachable", "certificate.invalid"}


def test_a_witness_lost_in_the_middle_leaves_an_incomplete_item_with_the_reason(
    office: Installation, witness: Installation, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as running:

        def lose(connection: socket.socket, _request: bytes) -> None:
            running.close()
            connection.close()

        place = running.enter_context(serving(witness, [office], "--allow-private"))
        with RawSite({"/": PAGE, "/a.svg": lose}) as site:
            options = ("--witness", place, "--witness-trust", witness.certificate)
            code, told = capture(office, new_case(office, tmp_path / "case"), f"{site.url}/", *options)

    assert (code, told["status"]) == (4, "incomplete")
    assert "witness.silent" in codes(told)


def test_a_lying_witness_is_a_problem_of_the_capture(item: Path) -> None:
    names = ("witness.jsonl", "witness.sig", "witness.pem")
    files = {name: (item / name).read_bytes() for name in names}
    account = [json.loads(line) for line in (item / "connections.jsonl").read_bytes().splitlines()[1:]]
    lying = {**files, "witness.jsonl": files["witness.jsonl"].replace(b'"untaken":0', b'"untaken":1', 1)}

    assert list(judge_statements(files, account)) == []
    for told in (lying, {}, {**files, "witness.pem": b"nothing"}):
        assert "witness.refuted" in [problem.code for problem in judge_statements(told, account)]
