"""What a forger who knows the format does: the change, and everything around it made anew as far as his keys go."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.case.manifest import NAME
from evidence_kit.custody.log import encode_signature
from evidence_kit.models import Trust, Verdict
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.judging import TrustedRoots
from tests.support.forging import ForgedEvent, append_event, earlier, read_log, rebuild_item, rehash, write_log
from tests.support.people import SetClock, practice_custodian
from tests.tamper.conftest import Sealed, failed

pytestmark = [pytest.mark.browser, pytest.mark.network]
SEAL = "tagmanifest-sha256.txt.p7s"
ITEM = "items/EV-0001"


def test_lists_that_were_made_again_lack_their_signature(sealed: Sealed, bundle: Path) -> None:
    picture = bundle / "data" / ITEM / "screenshot.png"
    picture.write_bytes(picture.read_bytes()[:-1])
    rebuild_item(picture.parent)
    rehash(bundle)

    found = sealed.failed(bundle)

    assert ("bag.signature", SEAL) in found
    assert ("custody.items", f"data/{ITEM}/{NAME}") in found
    assert ("item.seal", f"data/seals/EV-0001/{NAME}.p7s") in found
    assert ("item.recorded", f"data/{ITEM}/capture.wacz") in found
    assert ("report.root", "data/report.pdf#evidence-sha256.txt") in found


def test_lists_that_were_made_again_and_signed_by_the_officer_contradict_log_and_report(
    sealed: Sealed, bundle: Path
) -> None:
    """Even with the key of the outer seal: what the log and the report say was fixed before."""
    text = bundle / "data" / ITEM / "text.txt"
    text.write_bytes(text.read_bytes() + b"more\n")
    rebuild_item(text.parent)
    rehash(bundle, sealed.way.custodian)

    found = sealed.failed(bundle)

    assert ("bag.signature", SEAL) not in found
    assert ("custody.items", f"data/{ITEM}/{NAME}") in found
    assert ("report.root", "data/report.pdf#evidence-sha256.txt") in found
    assert ("bag.timestamp", "tagmanifest-sha256.txt.tsr") in found


def _remove(events: list[ForgedEvent]) -> int:
    del events[2]
    return 3


def _reorder(events: list[ForgedEvent]) -> int:
    events[1], events[2] = events[2], events[1]
    return 2


def _edit(events: list[ForgedEvent]) -> int:
    events[2].value["outcome"] = "failed"
    return 3


@pytest.mark.parametrize("act", [_remove, _reorder, _edit])
def test_events_changed_with_the_chain_made_again_lack_their_signatures(
    sealed: Sealed, case: Path, bundle: Path, act: Callable[[list[ForgedEvent]], int]
) -> None:
    for folder in (case, bundle / "data"):
        events = read_log(folder)
        first = act(events)
        write_log(folder, events)
    rehash(bundle)

    in_case, in_bundle = sealed.failed(case), sealed.failed(bundle)

    assert ("custody.signatures", f"event {first}") in in_case
    assert ("custody.signatures", f"event {first}") in in_bundle
    assert ("report.root", "data/report.pdf#custody.jsonl") in in_bundle
    assert "custody.chain" not in {id_ for id_, _ in in_case}


@pytest.mark.parametrize("count", [1, 3])
def test_the_last_events_cut_from_a_bundle_are_missed_by_the_report(sealed: Sealed, bundle: Path, count: int) -> None:
    """The officer himself cuts them, and seals the lists again."""
    write_log(bundle / "data", read_log(bundle / "data")[:-count])
    rehash(bundle, sealed.way.custodian)

    found = sealed.failed(bundle)

    assert ("report.root", "data/report.pdf#custody.jsonl") in found
    assert "bundle.event" in {id_ for id_, _ in found}
    assert not {id_ for id_, _ in found} & {"custody.chain", "custody.signatures", "bag.signature"}


def test_the_last_events_cut_from_a_case_are_missed_by_the_time_stamps_over_them(sealed: Sealed, case: Path) -> None:
    newest = max(path.name for path in (case / "seals" / "heads").iterdir())
    write_log(case, read_log(case)[: int(newest[:6]) - 1])

    assert ("custody.timestamp", f"seals/heads/{newest}") in sealed.failed(case)


def test_a_log_made_again_with_the_right_key_and_earlier_times_lacks_its_time_stamps(
    sealed: Sealed, case: Path
) -> None:
    events = [ForgedEvent(value=earlier(event.value, timedelta(days=3)), signature=b"") for event in read_log(case)]
    write_log(case, events, sealed.way.custodian)

    found = sealed.failed(case)

    assert {id_ for id_, _ in found} == {"custody.timestamp"}
    assert {subject for _, subject in found} == {
        path.relative_to(case).as_posix() for path in (case / "seals" / "heads").iterdir()
    }


def test_an_item_dropped_and_everything_signed_by_another_key_is_nobodys(sealed: Sealed, case: Path) -> None:
    """Under the officer's own name, with time stamps taken away."""
    mine = sealed.way.custodian
    forger = practice_custodian(SetClock(mine.clock()), mine.officer)
    shutil.rmtree(case / "items" / "EV-0002")
    shutil.rmtree(case / "seals")
    for certificate in (mine.signer.certificate, *mine.signer.chain):
        (case / "trust" / f"cert-{certificate.fingerprint}.pem").unlink()
    for certificate in (forger.signer.certificate, *forger.signer.chain):
        (case / "trust" / f"cert-{certificate.fingerprint}.pem").write_bytes(certificate.pem())
    seal = f"seals/EV-0001/{NAME}.p7s"
    (case / seal).parent.mkdir(parents=True)
    (case / seal).write_bytes(forger.sign_file((case / ITEM / NAME).read_bytes()))
    kept = [event for event in read_log(case) if event.value["item"] != "EV-0002"]
    for event in kept:
        digests = event.value["digests"]
        assert isinstance(digests, dict)
        for name in [name for name in digests if name.startswith("seals/heads/")]:
            del digests[name]
        if seal in digests:
            digests[seal] = str(sha256_file(case / seal))
    write_log(case, kept, forger)

    report = sealed.way.verify(case)

    assert failed(report) == []
    assert report.verdict is Verdict.UNCHANGED
    assert {signer.trust for signer in report.signers} == {Trust.CLAIMED}


def test_two_events_with_one_number_are_a_fork(sealed: Sealed, case: Path) -> None:
    last = read_log(case)[-1].value
    append_event(case, {**last, "note": "another one"}, sealed.way.custodian)

    assert ("custody.fork", f"event {last['seq']}") in sealed.failed(case)


def test_a_bundle_sealed_by_another_officer_than_began_it_is_altered(sealed: Sealed, bundle: Path) -> None:
    """His key is as good as the right one, and its certificate lies in the bundle."""
    for certificate in (sealed.other.signer.certificate, *sealed.other.signer.chain):
        (bundle / "data" / "trust" / f"cert-{certificate.fingerprint}.pem").write_bytes(certificate.pem())
    (bundle / "data" / "trust" / "signer.pem").write_bytes(sealed.other.signer.certificate.pem())
    rehash(bundle, sealed.other)
    (bundle / "tagmanifest-sha256.txt.tsr").write_bytes(sealed.stamp((bundle / "tagmanifest-sha256.txt").read_bytes()))

    found = sealed.failed(bundle)

    assert ("bag.signature", SEAL) in found
    assert {id_ for id_, _ in found} == {"bag.signature", "custody.keys"}


def test_an_event_signed_by_another_key_than_it_names_is_altered(sealed: Sealed, case: Path) -> None:
    line = (case / "custody.jsonl").read_bytes().splitlines(keepends=True)[-1]
    *signatures, _ = (case / "custody.sig").read_bytes().splitlines(keepends=True)
    at = sealed.way.custodian.clock()
    forged = sign_detached(sha256_bytes(line), sealed.other.signer, at=at, with_chain=False)
    (case / "custody.sig").write_bytes(b"".join([*signatures, encode_signature(forged)]))

    assert ("custody.signatures", f"event {len(signatures) + 1}") in sealed.failed(case)


def test_a_certificate_swapped_for_another_is_named(sealed: Sealed, case: Path, bundle: Path) -> None:
    other = sealed.other.signer.certificate
    mine = sealed.way.custodian.signer.certificate
    (case / "trust" / f"cert-{mine.fingerprint}.pem").write_bytes(other.pem())
    (bundle / "data" / "trust" / "signer.pem").write_bytes(other.pem())
    rehash(bundle, sealed.way.custodian)

    assert ("trust.files", f"trust/cert-{mine.fingerprint}.pem") in sealed.failed(case)
    assert ("trust.files", "data/trust/signer.pem") in sealed.failed(bundle)
    assert ("bag.signature", SEAL) in sealed.failed(bundle)


def test_a_time_stamp_of_something_else_is_refused(sealed: Sealed, case: Path, bundle: Path) -> None:
    first, *_, last = sorted((case / "seals" / "heads").iterdir())
    last.write_bytes(first.read_bytes())
    (bundle / "tagmanifest-sha256.txt.tsr").write_bytes(sealed.stamp(b"something else"))

    assert sealed.failed(case) == [("custody.timestamp", f"seals/heads/{last.name}")]
    assert sealed.failed(bundle) == [("bag.timestamp", "tagmanifest-sha256.txt.tsr")]


def test_a_screenshot_replaced_and_the_manifest_made_again_contradict_seal_log_and_archive(
    sealed: Sealed, case: Path
) -> None:
    folder = case / ITEM
    shutil.copyfile(folder / "first" / "screenshot.png", folder / "screenshot.png")
    rebuild_item(folder)

    found = sealed.failed(case)

    assert ("custody.items", f"{ITEM}/{NAME}") in found
    assert ("item.seal", f"seals/EV-0001/{NAME}.p7s") in found
    assert ("item.recorded", f"{ITEM}/capture.wacz") in found
    assert "item.manifest" not in {id_ for id_, _ in found}


def test_an_archive_made_again_with_right_digests_contradicts_seal_and_log(sealed: Sealed, case: Path) -> None:
    """Another record, every digest right, another throw-away key: the archive itself is beyond reproach."""
    folder = case / "items" / "EV-0002"
    now = sealed.way.custodian.clock()
    with WarcWriter(folder / "data.warc.gz", created=now) as warc:
        warc.warcinfo({"software": "test"})
        uri = resource_uri("text", listed="https://example.mn/", final="https://example.mn/")
        lines = [warc.resource(uri, b"another resource", media_type="text/plain", date=now)]
    (folder / "capture.wacz").unlink()
    write_wacz(
        folder / "capture.wacz",
        warc=folder / "data.warc.gz",
        index=lines,
        pages=[Page(url="https://example.mn/", ts=now, title="Тест", id="1")],
        title="test",
        created=now,
        software="test",
    )
    (folder / "data.warc.gz").unlink()
    rebuild_item(folder)

    found = sealed.failed(case)

    assert ("custody.items", f"items/EV-0002/{NAME}") in found
    assert ("item.seal", f"seals/EV-0002/{NAME}.p7s") in found
    assert ("wacz.transport", "items/EV-0002/capture.wacz") in found


@pytest.mark.parametrize("name", ["letter.txt", "items/letter.txt", f"{ITEM}/letter.txt", "seals/letter.tsr"])
def test_a_file_that_nothing_lists_is_named(sealed: Sealed, case: Path, bundle: Path, name: str) -> None:
    for folder in (case, bundle / "data"):
        (folder / name).write_bytes(b"stray")

    assert name in {subject for _, subject in sealed.failed(case)}
    assert ("bag.stray", f"data/{name}") in sealed.failed(bundle)


def test_what_no_check_can_see_without_something_kept_elsewhere(sealed: Sealed, case: Path) -> None:
    """The list in docs/security-model.md, measured: an earlier state of the case is a whole case."""
    events = read_log(case)
    tokens = sorted((case / "seals" / "heads").iterdir())
    write_log(case, events[:-1])
    for token in tokens:
        if int(token.name[:6]) >= len(events):
            token.unlink()

    report = sealed.way.verify(case)

    assert failed(report) == []
    assert report.verdict is Verdict.VERIFIED


def test_a_time_stamp_taken_away_is_missed_by_the_next_event(sealed: Sealed, case: Path) -> None:
    first, *_ = sorted((case / "seals" / "heads").iterdir())
    first.unlink()

    assert sealed.failed(case) == [("custody.timestamp", f"seals/heads/{first.name}")]


def test_nothing_of_this_depends_on_who_is_trusted(sealed: Sealed, case: Path) -> None:
    (case / ITEM / "text.txt").write_bytes(b"")

    report = sealed.way.verify(case, TrustedRoots())

    assert report.verdict is Verdict.ALTERED
    assert ("item.manifest", f"{ITEM}/text.txt") in failed(report)
