"""A key for practice, and one under a self-made root, is called that by every command, to people and to programs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.cli.app import commands
from evidence_kit.custody.custodian import Custodian
from evidence_kit.settings import load_settings
from evidence_kit.texts import Language, Texts
from evidence_kit.trust.keys import write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.cases import commit_small_item
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa

SECRET = "secret"
SAYS = {
    ("practice", "en"): "PRACTICE, not a digital signature in law",
    ("practice", "mn"): "СУРГАЛТ; хуулийн дагуу тоон гарын үсэг биш",
    ("self-made", "en"): "SELF-MADE or unknown root",
    ("self-made", "mn"): "ӨӨРӨӨ ҮҮСГЭСЭН эсвэл үл таних үндсэн гэрчилгээ",
}
WALKED: dict[str, Callable[[Path, str], tuple[object, ...]]] = {
    "setup": lambda folder, kind: ("--practice",) if kind == "practice" else ("--p12", folder / "own.p12"),
    "doctor": lambda folder, _: (folder / "case",),
    "case new": lambda folder, _: (_free(folder, "case"), "--number", "2", "--title", "Сургалт"),
    "case show": lambda folder, _: ("--case", folder / "case"),
    "list": lambda folder, _: ("--case", folder / "case"),
    "show": lambda folder, _: ("EV-0001", "--case", folder / "case"),
    "custody log": lambda folder, _: ("--case", folder / "case"),
    "custody add": lambda folder, _: ("viewed", "EV-0001", "--purpose", "Сургалт", "--case", folder / "case"),
    "custody receipt": lambda folder, _: ("EV-0001", "--case", folder / "case"),
    "anchor": lambda folder, _: (folder, "--output", _free(folder, "anchors")),
    "custody key list": lambda folder, _: ("--case", folder / "case"),
    "timestamp": lambda folder, _: ("--pending", "--case", folder / "case"),
    "bundle": lambda folder, _: ("--case", folder / "case", "--output", _free(folder, "bundle")),
    "verify": lambda folder, _: (folder / "case",),
    "capture": lambda folder, _: ("http://127.0.0.1:9/", "--case", folder / "case"),
    "import": lambda folder, _: (folder / "own.p12", "--case", folder / "case"),
}
ELSEWHERE = {
    **dict.fromkeys(
        (
            "custody transfer",
            "custody accept",
            "custody key add",
            "custody key revoke",
            "subject add",
            "subject remove",
            "recipient add",
            "seal",
            "unseal",
            "recipient remove",
        ),
        "answers by the same function as custody add",
    ),
    "corroborate": "wants a capture and what was handed over: tests/integration/test_corroborate.py",
    **dict.fromkeys(("sign", "renew"), "answer by the same functions as bundle; tests of their own say so"),
    "view": "goes on until it is ended: test_view.py",
    "receive": "goes on until it is ended, and answers by the same functions as import",
    **dict.fromkeys(("recipient new", "recipient list"), "sign nothing, and name no signer"),
    "court-kit": "signs nothing, and names no signer",
    "practice serve": "signs nothing, and is of practice by its name",
    "witness certificate": "its key names a channel, and signs no evidence",
    "witness serve": "goes on until it is ended: tests/integration/test_witness.py",
    "demo": "walks the whole way itself: test_demo.py",
}


def _free(folder: Path, name: str) -> Path:
    return next(path for n in range(2, 9) if not (path := folder / f"{name}-{n}").exists())


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[str]:  # noqa: ANN401  # typer keeps its classes private
    for name, child in getattr(tree, "commands", {}).items():
        inner = list(leaves(child, (*path, name)))
        yield from inner or [" ".join((*path, name))]


def test_every_command_is_walked() -> None:
    assert set(leaves(commands(Language.ENGLISH))) == WALKED.keys() | ELSEWHERE.keys()


@pytest.fixture(params=["practice", "self-made"])
def officer(
    request: pytest.FixtureRequest, run: RunCommand, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[RunCommand, str]:
    """Return the command line of an officer with a case and an item, and what kind of key signs."""
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", SECRET)
    own = Authority("Өөрийн", clock=SetClock()).issue("Дорж")
    (tmp_path / "own.p12").write_bytes(write_pkcs12(own, SECRET.encode()))
    kind: str = request.param
    run("setup", *OFFICER, *WALKED["setup"](tmp_path, kind))
    run("case", "new", tmp_path / "case", "--number", "1", "--title", "Сургалт")
    settings = load_settings(home)
    signer = settings.open_signer(lambda _source: SECRET.encode())
    custodian = Custodian(officer=settings.the_officer(), signer=signer, clock=SetClock(), zone=ULAANBAATAR)
    commit_small_item(CaseFolder.open(tmp_path / "case"), custodian)
    return run, kind


@pytest.mark.browser
def test_every_command_calls_the_key_what_it_is(
    officer: tuple[RunCommand, str], tsa: OpensslTsa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, kind = officer
    run("setup", "--tsa", tsa.url)
    silent = []
    for command, arguments in WALKED.items():
        document = run(*command.split(), *arguments(tmp_path, kind), "--json").json
        trust = {signer["trust"] for signer in document.get("signers", ())} or {document.get("signer_trust")}
        called = (document["practice"], trust)
        silent += [] if called == (kind == "practice", {"practice" if kind == "practice" else "claimed"}) else [command]
    for lang in ("en", "mn"):
        monkeypatch.setenv("EVIDENCE_KIT_LANG", lang)
        texts = Texts.load(Language(lang))
        for command, arguments in WALKED.items():
            if command in {"bundle", "capture"} and lang == "mn":
                continue  # they take seconds, and say it by the same means as the others
            shown = run(*command.split(), *arguments(tmp_path, kind)).out
            says = SAYS[kind, lang] if (command, kind) != ("verify", "self-made") else texts.word("trust", "claimed")
            silent += [] if says in shown else [f"{lang} {command}"]

    assert silent == []


@pytest.mark.parametrize("officer", ["self-made"], indirect=True)
def test_a_root_that_is_trusted_ends_the_calling(officer: tuple[RunCommand, str], tmp_path: Path) -> None:
    run, _ = officer
    before = run("list", "--case", tmp_path / "case", "--json").json["signer_trust"]
    certificates = sorted((tmp_path / "case" / "trust").glob("cert-*.pem"))
    for certificate in certificates:
        run("setup", "--trust", certificate)

    after = run("list", "--case", tmp_path / "case", "--json").json["signer_trust"]

    assert (before, after) == ("claimed", "established")
    assert SAYS["self-made", "en"] not in run("list", "--case", tmp_path / "case").out
