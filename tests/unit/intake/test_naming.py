"""Names of files stay out of paths."""

import pytest

from evidence_kit.intake.naming import clean_name, stored_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Screenshot_2026.PNG", "original/0007.png"),
        ("folder.jpg/plain", "original/0007"),
        ("Болормаа.jpeg", "original/0007.jpeg"),
        ("chat.bolormaa", "original/0007"),
        ("CON", "original/0007"),
        ("a.jpg:stream", "original/0007"),
        ("two\nlines.txt", "original/0007.txt"),
        ("gpj.\u202eexe", "original/0007"),
        ("../../etc/passwd", "original/0007"),
    ],
)
def test_a_file_is_stored_under_a_number_and_an_ending_that_is_known(name: str, path: str) -> None:
    assert stored_path(7, name, count=12) == path


def test_numbers_of_many_files_are_all_as_long() -> None:
    assert stored_path(7, "a.jpg", count=12_000) == "original/00007.jpg"


def test_a_name_that_is_no_text_is_kept_in_hexadecimal_digits_too() -> None:
    assert clean_name("зураг.jpg") == ("зураг.jpg", "")
    assert clean_name("a\udcff.jpg") == ("a�.jpg", "61ff2e6a7067")
