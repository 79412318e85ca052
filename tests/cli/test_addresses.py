"""The links that people give."""

import pytest

from evidence_kit.cli.addresses import read_connect_to, read_link
from evidence_kit.errors import UsageError


@pytest.mark.parametrize(
    "link",
    [
        "https://example.mn/x?y=1#z",
        "http://127.0.0.1:8080/posts/1001",
        "HTTP://EXAMPLE.MN",
        "https://монгол.мон/хуудас",
        "http://[::1]:80/",
        "https://example.mn/😂",
    ],
)
def test_a_whole_link_is_taken_as_it_is(link: str) -> None:
    assert read_link(f" {link} ") == (link, False)


@pytest.mark.parametrize(
    "bare", ["example.mn", "example.mn/x", "www.example.mn:8080/x?y", "localhost:80/a", "монгол.мон/а"]
)
def test_a_bare_link_gets_https(bare: str) -> None:
    assert read_link(bare) == (f"https://{bare}", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.mn/",
        "https://",
        "https://[",
        "https://example.mn:99999999/",
        "https://example.mn/a b",
        "https://example.mn/\u202egnp",
        "https://example.mn/\x1b[31m",
        "https://user:secret@example.mn/",
        "https://example.mn@evil.example/",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_link(text)


def test_a_refused_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        read_link("https://user:secret@example.mn/")

    assert "secret" not in str(refused.value)


def test_a_connection_elsewhere_names_host_and_address() -> None:
    assert read_connect_to("example.mn=127.0.0.1:8080") == ("example.mn", "127.0.0.1:8080")
    assert read_connect_to("example.mn:443=[::1]:8080") == ("example.mn:443", "[::1]:8080")


@pytest.mark.parametrize("text", ["example.mn", "example.mn=127.0.0.1", "=1.2.3.4:5", "a=b=c:1"])
def test_half_a_connection_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_connect_to(text)
