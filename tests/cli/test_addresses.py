"""The links that people give."""

import pytest

from evidence_kit.cli.addresses import read_authority, read_connect_to, read_link
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


@pytest.mark.parametrize("port", ["0", "65536", "99999", "9" * 5000])
def test_a_port_that_does_not_exist_is_named_as_the_fault(port: str) -> None:
    wrong = [
        (read_link, f"https://example.mn:{port}/x"),
        (read_link, f"example.mn:{port}"),
        (read_connect_to, f"example.mn={'127.0.0.1'}:{port}"),
        (read_connect_to, f"example.mn:{port}=127.0.0.1:80"),
        (read_authority, f"http://tsa.example:{port}/"),
    ]
    for read, text in wrong:
        with pytest.raises(UsageError, match="a port that does not exist") as refused:
            read(text)
        assert "65535" in refused.value.hint


def test_a_password_for_an_authority_is_refused_and_not_repeated() -> None:
    for url in ("https://user:s3cret@tsa.example/", "http://s3cret@tsa.example"):
        with pytest.raises(UsageError, match="user name or a password") as refused:
            read_authority(url)
        assert "s3cret" not in f"{refused.value}{refused.value.hint}"
        assert "before the @" in refused.value.hint
