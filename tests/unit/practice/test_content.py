"""What a folder of practice content may hold, and how a mistake in it is reported."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.practice.content import Content, load
from evidence_kit.practice.fields import Field

NETWORK = "name: Туршилт\naddress: test.example\ntagline: {mn: Нэг, en: One}\n"
PEOPLE = "- {id: one, name: Жишээ Нэг, about: {mn: а, en: a}, avatar: a.png}\n"
POST = 'id: 7\nauthor: one\ntime: "2026-10-05T18:14:00+08:00"\ntext: Өөр\n'

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def content() -> Content:
    return load()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def folder(*, network: str = NETWORK, people: str = PEOPLE, post: str = POST) -> Path:
        root = tmp_path / "сургалтын агуулга 1"
        for name, text in (("network.yaml", network), ("people.yaml", people), ("posts/7.yaml", post)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode())
        (root / "pictures").mkdir()
        (root / "pictures" / "a.png").write_bytes(b"\x89PNG")
        return root

    return folder


def test_the_exercise_holds_the_letters_that_get_lost(content: Content) -> None:
    text = content.posts["1001"].text

    assert all(character in text for character in "ӨҮөү₮😂")


def test_every_telephone_number_begins_with_zeros_that_no_number_has(content: Content) -> None:
    text = content.posts["1001"].text

    assert "0000-1234" in text
    assert "0000-1234" not in content.posts["1001"].preview


def test_the_exercise_has_a_thread_of_four_pages_with_replies(content: Content) -> None:
    comments = content.posts["1001"].comments

    assert len(comments) == 24
    assert comments[4].id == "1001-5"
    assert [reply.id for reply in comments[4].replies][:2] == ["1001-5-1", "1001-5-2"]


def test_a_preview_ends_at_white_space_and_begins_the_text(content: Content) -> None:
    post = content.posts["1001"]

    assert post.text.startswith(post.preview)
    assert post.text[len(post.preview)].isspace()
    assert len(post.preview) <= post.fold


def test_a_text_without_white_space_is_cut_at_the_fold(make: Make) -> None:
    content = load(make(post=POST.replace("Өөр", "Ө" * 50) + "fold: 20\n"))

    assert content.posts["7"].preview == "Ө" * 20


def test_the_hostile_post_holds_what_it_promises(content: Content) -> None:
    post = content.posts["1003"]

    for piece in ('#panic("x")', "$x$", '#read("/etc/passwd")', "<script>", "onerror", "\x1b[31m", "\u202e", "\u2066"):
        assert piece in post.text
    for piece in ("\u200b", "\u200d", "\ufeff", "␀", '"}]'):
        assert piece in post.text
    assert "<script>" in post.author.name
    assert "\x1b[31m" in post.comments[0].author.name


def test_content_of_a_trainer_is_read_from_a_folder_with_cyrillic_and_spaces(make: Make) -> None:
    content = load(make())

    assert content.name == "Туршилт"
    assert content.posts["7"].text == "Өөр"
    assert content.posts["7"].comments == ()
    assert content.news == {}


def test_words_that_yaml_would_turn_into_something_else_stay_text(make: Make) -> None:
    content = load(make(post=POST.replace("Өөр", "no")))

    assert content.posts["7"].text == "no"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"post": POST.replace("author: one", "author: two")}, "posts/7.yaml: author nobody has the id two"),
        ({"post": POST.replace("+08:00", "")}, "posts/7.yaml: time must be a time like"),
        ({"post": POST.replace("2026-10-05", "2026-13-05")}, "posts/7.yaml: time must be a time like"),
        ({"post": POST + "colour: red\n"}, "posts/7.yaml: has unknown keys: colour"),
        ({"post": POST.replace("text: Өөр\n", "")}, "posts/7.yaml: lacks text"),
        ({"post": POST.replace("id: 7", "id: ../7")}, "posts/7.yaml: id must be at most 40 ASCII"),
        ({"post": POST + "shares: -1\n"}, "posts/7.yaml: shares must be a whole number"),
        ({"post": POST + "shared: 8\n"}, "posts: 7 shares 8, which is no post"),
        ({"post": POST + "deleted: maybe\n"}, "posts/7.yaml: deleted must be yes or no"),
        ({"post": POST + "audience: all\n"}, "posts/7.yaml: audience must be public or friends"),
        ({"post": POST + "reactions: {hate: 1}\n"}, "posts/7.yaml: reactions has unknown kinds: hate"),
        ({"post": POST + "reactions: 5\n"}, "posts/7.yaml: reactions must be a mapping"),
        ({"post": POST + "comments: 5\n"}, "posts/7.yaml: comments must be a list"),
        ({"post": POST + "comments: [{author: one}]\n"}, "posts/7.yaml: comments[0] lacks time, text"),
        ({"post": POST + "pictures: [{file: b.png, alt: b}]\n"}, "pictures[0].file no such picture: pictures/b.png"),
        ({"post": POST + "id: 8\n"}, "posts/7.yaml: not readable as YAML"),
        ({"post": "id: [\n"}, "posts/7.yaml: not readable as YAML"),
        ({"post": POST.replace("Өөр", "!!python/name:os.system x")}, "posts/7.yaml: not readable as YAML"),
        ({"post": POST.replace("Өөр", '"\\uD800"')}, "posts/7.yaml: text holds half a surrogate pair"),
        ({"post": POST.replace("Өөр", "''")}, "posts/7.yaml: text must be text"),
        ({"post": "just text\n"}, "posts/7.yaml: must be a mapping"),
        ({"people": PEOPLE + PEOPLE}, "people.yaml: the id one stands there twice"),
        ({"people": "one: two\n"}, "people.yaml: must be a list"),
        ({"network": "name: x\n"}, "network.yaml: lacks address, tagline"),
    ],
)
def test_a_mistake_is_reported_with_its_file_and_place(make: Make, change: dict[str, str], message: str) -> None:
    with pytest.raises(FormatError) as caught:
        load(make(**change))

    assert message in str(caught.value)


def test_bytes_that_are_no_utf8_are_a_format_error() -> None:
    with pytest.raises(FormatError, match=r"people\.yaml: not readable as YAML"):
        Field.read(b"- \xff\xfe\xfa", "people.yaml")


def test_a_field_that_is_no_mapping_has_no_keys() -> None:
    with pytest.raises(FormatError, match="lacks author"):
        Field.read(b"[]", "a.yaml")["author"]


def test_a_folder_that_is_not_there_is_a_format_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"network\.yaml: cannot be read"):
        load(tmp_path / "nowhere")


def test_a_file_that_is_too_large_is_refused(make: Make) -> None:
    root = make()
    (root / "pictures" / "b.jpg").write_bytes(bytes(8 * 1024 * 1024 + 1))

    with pytest.raises(FormatError, match=r"pictures/b\.jpg: 8388609 bytes"):
        load(root)


def test_files_of_other_kinds_are_not_content(make: Make) -> None:
    root = make()
    (root / "pictures" / "Thumbs.db").write_bytes(b"x")
    shutil.copyfile(root / "network.yaml", root / "posts" / "notes.txt")

    content = load(root)

    assert list(content.pictures) == ["a.png"]
    assert list(content.posts) == ["7"]
