"""``custody key list`` and ``add``, and what is signed with a key that the log does not know."""

from collections.abc import Callable
from pathlib import Path

from evidence_kit.archive.manifests import manifest_bytes
from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.digests import sha256_file
from tests.cli.running import RunCommand
from tests.support.people import practice_custodian


def certificate_of(run: RunCommand, folder: Path) -> Path:
    """Return the certificate of an officer, taken from a case of their own."""
    assert run("case", "new", folder, "--number", "2", "--title", "T").code == 0
    log = CaseFolder.open(folder).log()
    file = folder.with_suffix(".pem")
    file.write_bytes(log.certificates[log.full_events()[0].certificate.hex].pem())
    return file


def sign_again(bundle: Path, forger: Custodian) -> None:
    """Seal the bundle anew, everything consistent, with a key of somebody else."""
    trust = bundle / "data" / "trust"
    signer = forger.signer
    for certificate in (signer.certificate, *signer.chain):
        (trust / f"cert-{certificate.fingerprint}.pem").write_bytes(certificate.pem())
    (trust / "signer.pem").write_bytes(signer.certificate.pem())
    (trust / "chain.pem").write_bytes(b"".join(issuer.pem() for issuer in signer.chain))
    payload = [path for path in sorted((bundle / "data").rglob("*")) if path.is_file()]
    info = bundle / "bag-info.txt"
    lines = info.read_text(encoding="utf-8").splitlines()
    oxum = f"Payload-Oxum: {sum(path.stat().st_size for path in payload)}.{len(payload)}"
    stated = [oxum if line.startswith("Payload-Oxum") else line for line in lines]
    info.write_bytes("".join(f"{line}\n" for line in stated).encode())
    names = {path.relative_to(bundle).as_posix(): sha256_file(path) for path in payload}
    (bundle / "manifest-sha256.txt").write_bytes(manifest_bytes(names))
    tags = [path for path in bundle.iterdir() if path.is_file() and not path.name.startswith("tagmanifest")]
    listed = manifest_bytes({path.name: sha256_file(path) for path in tags})
    (bundle / "tagmanifest-sha256.txt").write_bytes(listed)
    (bundle / "tagmanifest-sha256.txt.p7s").write_bytes(forger.sign_file(listed))


def test_a_colleague_is_let_in_by_an_officer_of_the_case_and_may_sign_then(
    officer: RunCommand, colleague: RunCommand, case: Path, tmp_path: Path
) -> None:
    file = certificate_of(colleague, tmp_path / "other")
    note = ("custody", "add", "noted", "--note", "x", "--case", case)
    refused = colleague(*note)

    added = officer("custody", "key", "add", file, "--purpose", "Хамт ажиллана", "--case", case, "--json")

    keys = officer("custody", "key", "list", "--case", case, "--json")
    assert refused.code == 1
    assert (added.code, added.json["events"][0]["purpose"]) == (0, "Хамт ажиллана")
    assert colleague(*note).code == 0
    assert next(iter(keys.json.items())) == ("schema", "evidence-kit/custody-key-list/1")
    assert [(key["since"], key["revoked"]) for key in keys.json["keys"]] == [(1, None), (2, None)]
    assert "Зохиомол Болор" in officer("custody", "key", "list", "--case", case).out
    assert officer("custody", "log", "--case", case).code == 0


def test_a_colleague_bars_a_key_at_once(officer: RunCommand, colleague: RunCommand, case: Path, tmp_path: Path) -> None:
    officer("custody", "key", "add", certificate_of(colleague, tmp_path / "other"), "--case", case)
    (first, _) = officer("custody", "key", "list", "--case", case, "--json").json["keys"]

    barred = colleague("custody", "key", "revoke", first["certificate"], "--reason", "stolen", "--case", case)

    assert barred.code == 0
    assert officer("custody", "add", "noted", "--note", "x", "--case", case).code == 1
    assert officer("custody", "log", "--case", case).code == 0


def test_a_key_that_the_log_does_not_have_or_a_time_to_come_is_wrong_usage(
    officer: RunCommand, case: Path, tmp_path: Path
) -> None:
    (key,) = officer("custody", "key", "list", "--case", case, "--json").json["keys"]
    revoke = ("custody", "key", "revoke", "--reason", "lost", "--case", case)

    assert officer(*revoke, "00000000").code == 2
    assert officer(*revoke, key["certificate"][:10]).code == 2
    assert officer(*revoke, key["certificate"], "--lost", "2999-01-01T00:00:00Z").code == 2
    assert officer(*revoke, key["certificate"], "--lost", "2020-01-01T00:00:00").code == 2
    assert officer("custody", "key", "add", tmp_path / "none.pem", "--case", case).code == 2


def test_a_bundle_that_another_valid_key_sealed_again_is_altered(
    officer: RunCommand, case: Path, with_item: Callable[[], str], tmp_path: Path
) -> None:
    with_item()
    bundle = tmp_path / "bundle"
    assert officer("bundle", "--output", bundle, "--report-language", "en", "--case", case).code == 0
    forger = practice_custodian()
    sign_again(bundle, forger)

    answer = officer("verify", bundle, "--json")

    wrong = [(check["id"], check["subject"]) for check in answer.json["checks"] if check["outcome"] == "failed"]
    assert answer.code == 3
    assert wrong == [
        ("bag.signature", "tagmanifest-sha256.txt.p7s"),
        ("custody.keys", forger.signer.certificate.subject),
    ]
