"""The dialogue: typed answers lead from nothing to a bundle."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_kit.cli.guide import ask_profile, converse
from evidence_kit.cli.run import Run
from evidence_kit.errors import SigningError
from evidence_kit.practice.server import PracticeServer
from evidence_kit.settings import Settings, SigningSource
from evidence_kit.texts import Language, Texts
from tests.cli.running import RunCommand

PROFILE = ["Зохиомол Дорж", "0001", "мөрдөгч", "Сургалтын хэлтэс", "1", ""]


class Typist:
    """Types prepared answers and remembers the questions."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, question: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0)


@pytest.fixture
def begun(home: Path) -> Run:
    """Return a run in an installation that knows nothing."""
    environ = {**os.environ, "EVIDENCE_KIT_HOME": str(home)}
    environ.pop("EVIDENCE_KIT_LANG", None)
    return Run(texts=Texts.load(Language.ENGLISH), environ=environ)


def test_nothing_becomes_a_case_in_the_language_that_was_chosen(
    begun: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typist = Typist("1", *PROFILE, f"'{tmp_path}/хэрэг 1'", "2026/1", "Гарчиг", "гомдол", "", "")

    converse(begun, typist)

    said = capsys.readouterr().out
    assert typist.answers == []
    assert "СУРГАЛТ" in said
    assert (tmp_path / "хэрэг 1" / "case.json").is_file()


def test_a_wrong_answer_is_told_and_asked_again_without_typing_all_again(
    begun: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").write_bytes(b"")
    wrong = [*PROFILE[:-1], "ftp://no", "", "", "", "", "1", ""]
    typist = Typist(
        "2", *wrong, "", str(taken), "1", "T", "", str(tmp_path / "case"), "1", "T", "", "javascript:x", "", "n"
    )

    converse(begun, typist)

    said = capsys.readouterr()
    assert typist.answers == []
    assert "not an http or https address" in said.err
    assert "is not empty" in said.err
    assert "not a link" in said.err
    assert "Your name [Зохиомол Дорж]: " in typist.questions


def test_an_installation_that_is_set_up_is_asked_for_the_case_at_once(
    officer: RunCommand, case: Path, begun: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    officer("setup", "--language", "mn")
    begun.texts = Texts.load(Language.MONGOLIAN)
    typist = Typist(str(case), "", "")

    converse(begun, typist)

    assert len(typist.questions) == 3
    assert "2026-001: Сургалтын хэрэг" in capsys.readouterr().out


@pytest.mark.browser
@pytest.mark.network
def test_a_link_is_captured_and_bundled(
    begun: Run, tmp_path: Path, network: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case, bundle = tmp_path / "case", tmp_path / "bundle.zip"
    typist = Typist(
        "2", *PROFILE, str(case), "1", "T", "", f"{network}/news/501", "", "y", "For the court", str(bundle)
    )

    converse(begun, typist)

    said = capsys.readouterr().out
    assert typist.answers == []
    assert "Result: recorded without known gaps." in said
    assert bundle.is_file()
    assert f"evidence-kit verify {bundle}" in said


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """Return the address of a practice network."""
    with PracticeServer() as server:
        yield server.url


def test_the_questions_of_setup_keep_what_is_known(officer: RunCommand, begun: Run) -> None:
    officer("setup", "--tsa", "http://tsa.example")

    wishes = ask_profile(begun, Typist("", "", "", "Өөр хэлтэс", "", ""))

    assert wishes.name == "Зохиомол Дорж"
    assert wishes.agency == "Өөр хэлтэс"
    assert not wishes.practice
    assert wishes.tsa == ()


def test_only_1_is_a_practice_key(begun: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typist = Typist("Дорж", "1", "м", "А", "", "4", "own", "1", "")

    wishes = ask_profile(begun, typist)

    assert typist.answers == []
    assert wishes.practice
    assert capsys.readouterr().out.count("Which key signs?") == 4


def test_a_key_file_that_is_not_there_is_told_before_a_passphrase_is_asked(officer: RunCommand, home: Path) -> None:
    def ask(_source: SigningSource) -> bytes:
        pytest.fail("the passphrase was asked for")

    signing = SigningSource(kind="p12", path=home / "none.p12")

    with pytest.raises(SigningError, match="there is no key file"):
        Settings(home=home, signing=signing).open_signer(ask)
    assert officer("setup", "--p12", home / "none.p12").code == 1


@pytest.mark.parametrize(
    ("typed", "path"),
    [("'a b'", "a b"), ('"a b"', "a b"), (" a b ", "a b"), ("it's'", "it's'"), ("'80s", "'80s"), ("'", "'")],
)
def test_only_a_pair_of_quotes_is_taken_off_a_path(begun: Run, typed: str, path: str) -> None:
    wishes = ask_profile(begun, Typist("Дорж", "1", "м", "А", "2", typed, ""))

    assert wishes.p12 == Path(path)


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: pseudo-terminals as Linux has them")
def test_on_a_terminal_the_program_asks_and_ends_quietly_when_interrupted(tmp_path: Path) -> None:
    environ = {**os.environ, "EVIDENCE_KIT_HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "TERM": "dumb"}
    environ.pop("EVIDENCE_KIT_LANG", None)
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "evidence_kit"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
        preexec_fn=_control_the_terminal,  # noqa: PLW1509  # no thread of this process holds a lock there
    )
    os.close(theirs)
    expect = _expecting(ours)
    try:
        expect("Language")
        os.write(ours, b"1\n")
        expect("Таны нэр")
        # Between its prompt and its reading, Python notes an interrupt and reads on: people press the keys again.
        end = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            os.write(ours, b"\x03")
            time.sleep(0.3)

        assert process.poll() == 130
        assert "Traceback" not in _rest(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _control_the_terminal() -> None:
    import fcntl  # noqa: PLC0415  # exists on POSIX only
    import termios  # noqa: PLC0415

    # A shell starts its background jobs with this signal ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _expecting(terminal: int) -> Callable[[str], None]:
    seen = b""

    def expect(words: str) -> None:
        nonlocal seen
        end = time.monotonic() + 30
        while words.encode() not in seen:
            assert time.monotonic() < end, seen.decode(errors="replace")
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 4096)

    return expect


def _rest(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace") if select.select([terminal], [], [], 0.2)[0] else ""
    except OSError:
        # Linux says EIO when nobody holds the other end any more.
        return ""
