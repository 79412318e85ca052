"""What was handed over is looked at like what was captured: pictures after a reveal, and nothing to replay."""

from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from tests.support.cases import open_case
from tests.support.supplies import take
from tests.support.viewing import served

pytestmark = pytest.mark.network


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """Return a folder with a picture of a phone, and a letter."""
    (tmp_path / "phone").mkdir()
    Image.effect_noise((200, 300), 90).convert("RGB").save(tmp_path / "phone" / "a.jpg")
    (tmp_path / "phone" / "b.txt").write_text("Сайн уу", encoding="utf-8")
    return tmp_path / "phone"


@pytest.fixture
def case(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    return open_case(tmp_path / "хэрэг", custodian)


def test_a_picture_is_blurred_until_it_is_revealed_and_nothing_is_replayed(
    case: CaseFolder, custodian: Custodian, phone: Path
) -> None:
    take(case, custodian, phone)
    picture = (phone / "a.jpg").read_bytes()

    with served(case.path, "case", custodian=custodian) as view:
        facts = view.get("items/EV-0001").json
        blurred = view.get("blurred/EV-0001/0")
        grant = view.reveal("EV-0001", "pictures").json
        shown = view.get(f"shown/{grant['grant']}/0")

    assert facts["source"] == "supplied"
    assert facts["parts"] == {"replay": False, "pictures": True, "text": False, "ledger": False}
    assert (blurred.status, blurred.headers["Content-Type"]) == (200, "image/png")
    assert (shown.body, shown.headers["Content-Type"]) == (picture, "image/jpeg")


def test_of_what_is_sensitive_not_even_a_blurred_picture_is_given_out(
    case: CaseFolder, custodian: Custodian, phone: Path
) -> None:
    take(case, custodian, phone, sensitive=True)

    with served(case.path, "case", custodian=custodian) as view:
        blurred = view.get("blurred/EV-0001/0")
        grant = view.reveal("EV-0001", "pictures").json
        shown = view.get(f"shown/{grant['grant']}/0")

    assert blurred.status == 404
    assert shown.body == (phone / "a.jpg").read_bytes()
