"""The key-loss drill of docs/key-loss.md, with keys of an authority: revoke, acknowledge, go on; thieves stay out."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import decode_signature, split_lines
from evidence_kit.trust.keys import Signer, write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.support.cases import commit_small_item
from tests.support.people import OFFICER as PERSON
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa

NAME = "Зохиомол Дорж"


@dataclass(frozen=True, kw_only=True)
class Drill:
    """An officer with keys of an authority, and a case."""

    run: RunCommand
    folder: Path
    authority: Authority
    old: Signer
    new: Signer

    @property
    def case(self) -> Path:
        """The folder of the case."""
        return self.folder / "хэрэг"

    @property
    def root(self) -> Path:
        """The authority's root, as a court gets it from elsewhere."""
        return self.folder / "root.pem"

    def use(self, signer: Signer) -> None:
        """Set the installation up with the key of *signer*."""
        file, passphrase = self.folder / "key.p12", self.folder / "passphrase"
        file.write_bytes(write_pkcs12(signer, b"x"))
        passphrase.write_bytes(b"x")
        assert self.run("setup", *OFFICER, "--p12", file, "--passphrase-file", passphrase).code == 0

    def do(self, *arguments: object) -> Result:
        """Run a command that signs in the case."""
        return self.run(*arguments, "--case", self.case, "--passphrase-file", self.folder / "passphrase", "--json")

    def revoke(self, *more: object) -> Result:
        """Revoke the old key with the new one."""
        return self.do("custody", "key", "revoke", self.old.certificate.fingerprint[:16], "--reason", "lost", *more)

    def verify(self, *more: object) -> Result:
        """Verify the case as somebody who knows the authority's root."""
        return self.run("verify", self.case, "--trust", self.root, "--json", *more)

    def stolen(self) -> Custodian:
        """Return the thief, who signs with the old key and with other programs."""
        return Custodian(officer=PERSON, signer=self.old, clock=SetClock(datetime.now(UTC)), zone=ULAANBAATAR)

    def forge(self, draft: Draft) -> int:
        """Append *draft* with the old key, by a program that asks for no leave; return the event's number."""
        log = CaseFolder.open(self.case).log()
        seq = len(log.events) + 1
        entry = self.stolen().sign_event(draft, seq=seq, previous=log.head, case=log.case)
        for name, line in (("custody.jsonl", entry.line), ("custody.sig", entry.signature_line)):
            with (self.case / name).open("ab") as stream:
                stream.write(line)
        return seq


@pytest.fixture
def drill(run: RunCommand, tmp_path: Path) -> Drill:
    """Return a case with one item that was made with the old key."""
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(datetime.now(UTC)))
    (tmp_path / "root.pem").write_bytes(authority.certificate.pem())
    made = Drill(run=run, folder=tmp_path, authority=authority, old=authority.issue(NAME), new=authority.issue(NAME))
    made.use(made.old)
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    assert run("case", "new", made.case, "--number", "2026-001", "--title", "Сургалтын хэрэг", *passphrase).code == 0
    commit_small_item(CaseFolder.open(made.case), made.stolen())
    return made


def failed(answer: Result) -> list[tuple[str, str]]:
    return [(check["id"], check["subject"]) for check in answer.json["checks"] if check["outcome"] == "failed"]


def test_the_officer_goes_on_with_a_new_key_that_vouches_for_the_old_one(drill: Drill) -> None:
    assert drill.verify().json["verdict"] == "verified"
    drill.use(drill.new)

    too_early = drill.do("custody", "add", "noted", "--note", "x")
    revoked = drill.revoke("--note", "Суудлын тэрэгнээс алга болсон")
    later = drill.do("custody", "add", "noted", "--note", "x")

    verified = drill.verify()
    keys = drill.run("custody", "key", "list", "--case", drill.case, "--json").json["keys"]
    assert (too_early.code, "custody key revoke" in too_early.err) == (1, True)
    assert [event["type"] for event in revoked.json["events"]] == ["key.registered", "key.revoked"]
    assert revoked.json["events"][1]["detail"]["acknowledged"]["seq"] == revoked.json["events"][0]["seq"]
    assert later.code == 0
    assert (verified.code, verified.json["verdict"]) == (0, "verified")
    assert [signer["certificate_sha256"] for signer in verified.json["signers"]] == [drill.new.certificate.fingerprint]
    assert [key["revoked"] for key in keys] == [revoked.json["events"][1]["seq"], None]


def test_the_old_key_writes_nothing_more_and_what_it_writes_all_the_same_is_named(drill: Drill) -> None:
    drill.use(drill.new)
    drill.revoke()
    drill.use(drill.old)

    refused = drill.do("custody", "add", "noted", "--note", "x")
    forged = drill.forge(Draft(type=EventType.NOTED, note="Хулгайч"))

    verified = drill.verify()
    assert (refused.code, "was revoked by event" in refused.err) == (1, True)
    assert (verified.code, failed(verified)) == (3, [("custody.keys", f"event {forged}")])


def test_what_a_thief_added_before_the_loss_was_noticed_is_disowned(drill: Drill) -> None:
    last_good = len(CaseFolder.open(drill.case).log().events)
    forged = CaseFolder.open(drill.case).commit(Draft(type=EventType.NOTED, note="Хулгайч"), drill.stolen()).seq
    drill.use(drill.new)

    assert drill.revoke("--reason", "stolen", "--last-good", last_good).code == 0

    assert failed(drill.verify()) == [("custody.keys", f"event {forged}")]


def test_an_authority_that_gave_another_name_makes_no_successor(drill: Drill) -> None:
    drill.use(drill.authority.issue("Өөр хүн"))
    before = (drill.case / "custody.jsonl").read_bytes()

    answer = drill.revoke()

    assert (answer.code, "bears another name" in answer.err) == (1, True)
    assert (drill.case / "custody.jsonl").read_bytes() == before


def test_a_name_that_a_forger_gave_himself_is_only_claimed(drill: Drill) -> None:
    drill.use(Authority("Гэрчилгээжүүлэгч", clock=SetClock(datetime.now(UTC))).issue(NAME))

    drill.revoke()

    verified = drill.verify()
    assert (verified.code, verified.json["verdict"]) == (4, "unchanged")


@pytest.mark.network
def test_what_was_stamped_before_the_loss_stands_by_itself(drill: Drill, tsa: OpensslTsa) -> None:
    drill.run("setup", "--tsa", tsa.url, "--trust", tsa.root_pem)
    assert drill.run("timestamp", "--pending", "--case", drill.case).code == 0
    drill.use(drill.new)
    drill.run("setup", "--no-tsa")

    drill.revoke()

    verified = drill.verify()
    assert verified.json["verdict"] == "verified"
    assert {signer["certificate_sha256"] for signer in verified.json["signers"]} == {
        drill.old.certificate.fingerprint,
        drill.new.certificate.fingerprint,
    }


@pytest.mark.network
def test_a_time_stamp_later_than_the_loss_does_not_save_a_key(drill: Drill, tsa: OpensslTsa) -> None:
    drill.run("setup", "--tsa", tsa.url, "--trust", tsa.root_pem)
    drill.run("timestamp", "--pending", "--case", drill.case)
    drill.use(drill.new)
    lost = datetime.now(UTC) - timedelta(hours=1)

    drill.revoke("--lost", lost.isoformat())

    signers = drill.verify().json["signers"]
    assert [signer["certificate_sha256"] for signer in signers] == [drill.new.certificate.fingerprint]


def test_the_revocation_verifies_with_openssl_under_the_new_key(
    drill: Drill, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    drill.use(drill.new)
    drill.revoke()
    event, signature, signer = tmp_path / "e", tmp_path / "e.p7s", tmp_path / "signer.pem"
    event.write_bytes(split_lines((drill.case / "custody.jsonl").read_bytes())[-1])
    signature.write_bytes(decode_signature(split_lines((drill.case / "custody.sig").read_bytes())[-1]))
    signer.write_bytes(drill.new.certificate.pem())

    done = subprocess.run(
        [
            *(str(oracle("openssl")), "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER"),
            *("-attime", str(int(datetime.now(UTC).timestamp())), "-in", signature, "-content", event),
            *("-certfile", signer, "-CAfile", drill.root, "-out", tmp_path / "out"),
        ],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert drill.old.certificate.fingerprint.encode() in event.read_bytes()


@pytest.mark.slow
def test_a_bundle_sealed_after_the_loss_verifies(drill: Drill) -> None:
    drill.use(drill.new)
    drill.revoke()

    made = drill.do("bundle", "--output", drill.folder / "bundle", "--report-language", "en")

    answer = drill.run("verify", drill.folder / "bundle", "--trust", drill.root, "--json")
    assert made.code == 0
    assert (answer.code, answer.json["verdict"]) == (0, "verified")
