"""The key log: what is read, and what is refused."""

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.wire.tls.keylog import HANDSHAKE_LABELS, KeyLog, Label

RANDOM = bytes(range(32))
OTHER = bytes(32)
SECRET = b"\xab" * 32


def line(label: str, random: bytes = RANDOM, secret: bytes = SECRET) -> bytes:
    return f"{label} {random.hex()} {secret.hex()}\n".encode()


def test_a_secret_is_found_by_label_and_client_random() -> None:
    log = KeyLog(b"# a remark\n\n" + line(Label.CLIENT_TRAFFIC) + line(Label.MASTER, OTHER, b"\1" * 48))

    assert log.secret(Label.CLIENT_TRAFFIC, RANDOM) == SECRET
    assert log.secret(Label.MASTER, OTHER) == b"\1" * 48
    assert log.secret(Label.MASTER, RANDOM) is None
    assert RANDOM in log
    assert b"\2" * 32 not in log


def test_lines_may_end_as_on_windows_and_have_capital_digits() -> None:
    log = KeyLog(line(Label.EARLY).replace(b"ab", b"AB").replace(b"\n", b"\r\n"))

    assert log.secret(Label.EARLY, RANDOM) == SECRET


def test_a_last_line_without_its_end_is_left_out() -> None:
    log = KeyLog(line(Label.CLIENT_TRAFFIC) + line(Label.SERVER_TRAFFIC)[:-1])

    assert log.torn
    assert log.secret(Label.CLIENT_TRAFFIC, RANDOM) == SECRET
    assert log.secret(Label.SERVER_TRAFFIC, RANDOM) is None


def test_labels_that_open_nothing_are_passed_over() -> None:
    log = KeyLog(
        line("EXPORTER_SECRET")
        + line("EXPORTER_SECRET", secret=b"\2" * 32)
        + line("ECH_SECRET", secret=b"\1" * 5)
        + b"RSA "
        + b"0" * 16
        + b" "
        + b"1" * 96
        + b"\n"
    )

    assert not log.torn


def test_the_same_line_twice_is_one() -> None:
    assert RANDOM in KeyLog(line(Label.MASTER, secret=b"\1" * 48) * 2)


@pytest.mark.parametrize(
    "flawed",
    [
        b"CLIENT_RANDOM 00 11\n",
        b"client_random " + b"0" * 64 + b" " + b"1" * 96 + b"\n",
        line(Label.CLIENT_TRAFFIC, secret=b"\1" * 31),
        line(Label.MASTER),
        line(Label.CLIENT_TRAFFIC).replace(b" ", b"  "),
        line(Label.CLIENT_TRAFFIC).replace(b"\n", b" \n"),
        line(Label.CLIENT_TRAFFIC)[:-2] + b"\n",
        line("X" * 2000),
        b"\0\n",
        line(Label.CLIENT_TRAFFIC) + line(Label.CLIENT_TRAFFIC, secret=b"\xac" * 32),
    ],
)
def test_any_other_flaw_is_refused_with_the_number_of_its_line(flawed: bytes) -> None:
    with pytest.raises(FormatError, match=r"^line [23] of the key log"):
        KeyLog(b"# one\n" + flawed)


def test_the_lines_of_one_connection_make_a_key_log() -> None:
    log = KeyLog(line(Label.CLIENT_HANDSHAKE) + line(Label.CLIENT_TRAFFIC) + line(Label.CLIENT_HANDSHAKE, OTHER))

    assert log.lines(RANDOM, HANDSHAKE_LABELS) == line(Label.CLIENT_HANDSHAKE)
