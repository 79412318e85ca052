"""Heads: what the protocol tells, put back into the bytes of the wire."""

from evidence_kit.capture.heads import declared_length, is_decoded, request_head, response_head


def head(text: str | None, headers: dict[str, str], *, length: int | None = None) -> bytes:
    return response_head(text=text, headers=headers, status=200, reason="OK", body_length=length)


def test_a_response_keeps_status_line_order_case_and_repetition() -> None:
    text = "HTTP/1.0 299 Very Fine\r\nb: 1\r\nSet-Cookie: x=1\r\nSet-Cookie: y=2\r\nA:  two \r\n\r\n"

    assert head(text, {"b": "1", "Set-Cookie": "x=1\ny=2", "A": "two"}) == text.encode()


def test_values_in_utf8_and_values_in_no_utf8_come_back_byte_for_byte() -> None:
    text = "HTTP/1.1 200 OK\r\nX-Utf: Өү ₮\r\nX-Latin: \r\n\r\n"
    headers = {"X-Utf": "Өү ₮".encode().decode("latin-1"), "X-Latin": b"\xe9\xff".decode("latin-1")}

    assert head(text, headers) == b"HTTP/1.1 200 OK\r\nX-Utf: " + "Өү ₮".encode() + b"\r\nX-Latin: \xe9\xff\r\n\r\n"


def test_an_empty_value_stays_empty() -> None:
    assert head("HTTP/1.1 200 OK\r\nX-Empty: \r\n\r\n", {"X-Empty": ""}) == b"HTTP/1.1 200 OK\r\nX-Empty: \r\n\r\n"


def test_a_response_of_http2_is_written_in_the_form_of_http1() -> None:
    assert head(None, {":status": "200", "set-cookie": "x=1\ny=2"}) == (
        b"HTTP/1.1 200 OK\r\nset-cookie: x=1\r\nset-cookie: y=2\r\n\r\n"
    )


def test_what_describes_the_body_as_sent_is_renamed_when_it_was_decoded() -> None:
    text = "HTTP/1.1 200 OK\r\ncontent-encoding: br\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert head(text, {}, length=500) == (
        b"HTTP/1.1 200 OK\r\nX-Archive-Orig-content-encoding: br\r\nX-Archive-Orig-Content-Length: 9\r\n"
        b"X-Archive-Orig-Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n"
    )


def test_no_header_can_end_a_line_or_the_head() -> None:
    assert head(None, {"a": "1\r\n\r\n<p>"}) == b"HTTP/1.1 200 OK\r\na: 1 \r\na:  \r\na: <p>\r\n\r\n"


def test_a_request_has_its_target_and_its_host() -> None:
    headers = {":authority": "example.mn", ":method": "GET", "cookie": "a=1", "referer": "https://example.mn/"}

    assert request_head("GET", "https://example.mn/a?b=%D3%A8#part", headers) == (
        b"GET /a?b=%D3%A8 HTTP/1.1\r\nHost: example.mn\r\ncookie: a=1\r\nreferer: https://example.mn/\r\n\r\n"
    )


def test_a_request_says_host_once() -> None:
    assert request_head("GET", "http://u:p@h:81", {"Host": "h:81"}) == b"GET / HTTP/1.1\r\nHost: h:81\r\n\r\n"


def test_a_length_is_promised_only_by_a_plain_number_for_an_unencoded_body() -> None:
    assert declared_length({"Content-Length": "12"}) == 12
    assert declared_length({"content-length": "12", "Content-Encoding": "gzip"}) is None
    assert declared_length({"content-length": "12", "Content-Encoding": "identity"}) == 12
    assert declared_length({"content-length": "12", "Transfer-Encoding": "chunked"}) is None
    assert [declared_length({"Content-Length": text}) for text in ("-1", "1_0", "+1", "१२", "")] == [None] * 5


def test_identity_is_no_coding() -> None:
    assert not is_decoded({"Content-Encoding": "identity"})
    assert is_decoded({"content-encoding": "identity, br"})


def test_values_that_the_browser_read_as_windows_1252_come_out_as_their_bytes() -> None:
    every = bytes(byte for byte in range(0x80, 0x100) if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D})
    headers = {"x-all": every.decode("windows-1252"), "x-controls": b"\x81\x8d\x8f\x90\x9d".decode("latin-1")}

    written = response_head(text=None, headers=headers, status=200, reason="", body_length=None)

    assert written == b"HTTP/1.1 200\r\nx-all: " + every + b"\r\nx-controls: \x81\x8d\x8f\x90\x9d\r\n\r\n"
