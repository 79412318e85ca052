"""Lines are found in the text of a page letter for letter, or where something similar stands."""

import pytest

from evidence_kit.derive.page_texts import PageText

TEXT = (
    "Сургалтын  сүлжээ\nЗохиомлын Тулга\n50 000 ₮ зээлчихээд «өгнө өө, өгнө» гэсээр хоёр сар өнгөрлөө.\n"
    "18:22 · 3 сэтгэгдэл\n"
)


def test_what_stands_there_is_found_with_its_bytes() -> None:
    hit = PageText(TEXT).nearest("хоёр САР өнгөрлөө")

    assert hit is not None
    assert hit.similarity == 1000
    assert TEXT.encode()[hit.offset : hit.offset + hit.length].decode() == hit.text == "хоёр сар өнгөрлөө"


def test_white_space_and_lines_do_not_count() -> None:
    hit = PageText(TEXT).nearest("сургалтын сүлжээ зохиомлын")

    assert hit is not None
    assert hit.similarity == 1000
    assert hit.text == "Сургалтын  сүлжээ\nЗохиомлын"


def test_misread_letters_lower_the_similarity() -> None:
    hit = PageText(TEXT).nearest("50 000 Т зээлчихээд «өгне өө. өгнө»")

    assert hit is not None
    assert 850 <= hit.similarity < 1000
    assert hit.text.startswith("50 000 ₮")


def test_what_is_not_there_is_not_similar() -> None:
    hit = PageText(TEXT).nearest("Уучлаарай, цалин буухаар өгье")

    assert hit is None or hit.similarity < 600


@pytest.mark.parametrize(
    ("wanted", "there"), [("18:22", True), ("8:22", False), ("Зохиомлын Тулга", True), ("Тулг", False), ("", False)]
)
def test_tokens_are_whole_words(wanted: str, *, there: bool) -> None:
    assert (PageText(TEXT).exact(wanted) is not None) is there


def test_an_empty_page_has_nothing() -> None:
    assert PageText("").nearest("анхаар") is None
    assert PageText("").exact("анхаар") is None
