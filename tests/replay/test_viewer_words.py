"""The words of the page of ``view``: all there, and the same in both languages."""

from pathlib import Path

from evidence_kit.replay import page_routes
from evidence_kit.replay.page_words import words
from evidence_kit.texts import Language


def test_both_languages_of_the_page_say_the_same() -> None:
    english, mongolian = words(Language.ENGLISH), words(Language.MONGOLIAN)

    def values(sentence: object) -> set[str]:
        return {part.partition("}")[0] for part in str(sentence).split("{")[1:]}

    assert english.keys() == mongolian.keys()
    assert [key for key in english if values(english[key]) != values(mongolian[key])] == []
    assert all(english.values())
    assert all(mongolian.values())


def test_every_word_that_the_page_asks_for_is_there() -> None:
    pages = Path(page_routes.__file__).parent / "pages"
    script = (pages / "view.js").read_text(encoding="utf-8") + (pages / "view.html").read_text(encoding="utf-8")
    known = words(Language.ENGLISH)
    asked = {part.partition('"')[0] for part in script.split('say("')[1:]}
    asked |= {part.partition('"')[0] for mark in ('data-say="', 'data-label="') for part in script.split(mark)[1:]}

    assert sorted(asked - known.keys()) == []
