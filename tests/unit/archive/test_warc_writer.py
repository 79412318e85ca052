"""What the WARC writer puts into a file, byte for byte."""

import base64
import gzip
import hashlib
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence_kit.archive.cdxj import IndexLine, ascii_uri
from evidence_kit.archive.warc_reader import check_warc, read_warc, record_at
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.errors import FormatError

NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)
PLAIN = Exchange(
    url="https://example.mn/",
    started=NOW,
    request_head=b"GET / HTTP/1.1\r\n\r\n",
    response_head=b"HTTP/1.1 200 OK\r\n\r\n",
    response_body=b"hello",
)


class Sample(Protocol):
    """What the fixture of this folder gives."""

    warc: Path
    index: tuple[IndexLine, ...]


def write(path: Path, *exchanges: Exchange) -> str:
    """Write a WARC of *exchanges* and return it inflated, as Latin-1 text."""
    with WarcWriter(path, created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        for exchange in exchanges:
            writer.exchange(exchange)
    return gzip.decompress(path.read_bytes()).decode("latin-1")


def test_an_http_head_that_is_not_ascii_is_stored_byte_for_byte(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 Very  Fine\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-N: \xd3\xa8\xff\r\n\r\n"

    text = write(tmp_path / "a.warc.gz", replace(PLAIN, response_head=head))

    assert f"\r\n\r\n{head.decode('latin-1')}hello\r\n\r\nWARC/1.1\r\n" in text


def test_digests_are_sha256_in_base32_over_block_and_payload(tmp_path: Path) -> None:
    text = write(tmp_path / "a.warc.gz", PLAIN)

    block = base64.b32encode(hashlib.sha256(b"HTTP/1.1 200 OK\r\n\r\nhello").digest()).decode()
    payload = base64.b32encode(hashlib.sha256(b"hello").digest()).decode()
    assert f"WARC-Block-Digest: sha256:{block}\r\n" in text
    assert f"WARC-Payload-Digest: sha256:{payload}\r\n" in text
    assert "sha1" not in text


def test_every_record_is_a_gzip_member_at_the_offset_and_length_of_its_index_line(sample: Sample) -> None:
    data = sample.warc.read_bytes()

    for line in sample.index:
        member = gzip.decompress(data[line.offset : line.offset + line.length])
        assert member.startswith(b"WARC/1.1\r\nWARC-Type: " + line.record_type.encode())
        assert f"WARC-Record-ID: <{line.record_id}>\r\n".encode() in member
        assert member.count(b"WARC/1.1\r\n") == 1


def test_response_and_request_point_at_each_other_and_share_their_date(sample: Sample) -> None:
    response, request = list(read_warc(sample.warc))[1:3]

    assert (response.type, request.type) == ("response", "request")
    assert request.header("WARC-Concurrent-To") == response.header("WARC-Record-ID")
    assert response.header("WARC-Concurrent-To") == request.header("WARC-Record-ID")
    assert response.header("WARC-Date") == request.header("WARC-Date") == "2026-11-22T01:02:03.004Z"


def test_connection_truncation_and_note_become_headers_of_the_response(tmp_path: Path) -> None:
    exchange = replace(
        PLAIN, truncated="length", ip_address="::1", protocols=("h2", "tls/1.3"), note={"b": "Ө\r\nX: y", "a": "1"}
    )

    response = write(tmp_path / "a.warc.gz", exchange).split("WARC/1.1\r\n")[2]

    assert "WARC-Truncated: length\r\nWARC-JSON" in response
    assert "WARC-IP-Address: ::1\r\n" in response
    assert "WARC-Protocol: h2\r\nWARC-Protocol: tls/1.3\r\n" in response
    assert 'WARC-JSON-Metadata: {"a":"1","b":"\\u04e8\\r\\nX: y"}\r\n' in response


def test_page_cipher_suite_and_kind_of_resource_stand_where_other_tools_write_them(tmp_path: Path) -> None:
    exchange = replace(PLAIN, protocols=("tls/1.3",), cipher_suite="TLS_AES_128_GCM_SHA256", resource_type="xhr")
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW, page_id="p1") as writer:
        writer.warcinfo({"software": "evidence_kit"})
        writer.exchange(exchange)
        writer.resource("urn:x", b"", media_type="text/plain", date=NOW)

    warcinfo, response, request, resource = list(read_warc(tmp_path / "a.warc.gz"))
    assert [record.header("WARC-Page-ID") for record in (warcinfo, response, request, resource)] == [None, *["p1"] * 3]
    assert [record.header("WARC-Resource-Type") for record in (response, request, resource)] == ["xhr", "xhr", None]
    assert response.header("WARC-Cipher-Suite") == "TLS_AES_128_GCM_SHA256"


def test_the_writer_tells_where_response_and_request_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    with WarcWriter(path, created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        whole, lost = writer.exchange(PLAIN), writer.exchange(replace(PLAIN, response_head=None))

    assert whole.response is not None
    assert whole.lines == (whole.response, whole.request)
    assert (lost.response, lost.lines) == (None, (lost.request,))
    for line in (*whole.lines, *lost.lines):
        with record_at(path, line.offset) as record:
            assert (record.record_id, record.type) == (line.record_id, line.record_type)


def test_a_resource_can_belong_to_a_record_and_say_more(tmp_path: Path) -> None:
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        request = writer.exchange(PLAIN).request
        writer.resource(
            "urn:x", b"x", media_type="text/plain", date=NOW, concurrent_to=request.record_id, note={"reason": "Ө\n"}
        )

    *_, resource = read_warc(tmp_path / "a.warc.gz")
    assert resource.header("WARC-Concurrent-To") == f"<{request.record_id}>"
    assert resource.header("WARC-JSON-Metadata") == '{"reason":"\\u04e8\\n"}'


def test_an_exchange_without_response_is_a_request_alone_that_keeps_the_connection(tmp_path: Path) -> None:
    text = write(tmp_path / "a.warc.gz", replace(PLAIN, response_head=None, ip_address="127.0.0.1", note={"e": "x"}))

    assert "WARC-Type: response" not in text
    assert "WARC-Concurrent-To" not in text
    assert "WARC-IP-Address: 127.0.0.1" in text
    assert 'WARC-JSON-Metadata: {"e":"x"}' in text


def hostile(path: Path, *, url: str, media_type: str, value: str) -> list[bytes]:
    """Write one record of each type with text from outside, and return their headers."""
    with WarcWriter(path, created=NOW) as writer:
        writer.warcinfo({"operator": value})
        writer.resource(f"urn:x:{url}", b"body", media_type=media_type, date=NOW)
        writer.metadata("urn:x:y", b"", media_type="text/plain", date=NOW, concurrent_to=value)
        writer.exchange(replace(PLAIN, url=f"https://{url}", protocols=(value,), note={value: value}))
    data = path.read_bytes()
    path.unlink()
    return [record.split(b"\r\n\r\n")[0] for record in gzip.decompress(data).split(b"WARC/1.1\r\n")[1:]]


@settings(max_examples=50)
@given(url=st.text(), media_type=st.text(), value=st.text(min_size=1))
@example(url="a\r\nX: y", media_type="a\r\nX: y", value="a\r\nX: y\ud800\u0085\u2028")
def test_no_text_from_outside_can_add_a_header_line(
    tmp_path_factory: pytest.TempPathFactory, url: str, media_type: str, value: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.warc.gz"

    found = hostile(path, url=url, media_type=media_type, value=value)

    harmless = hostile(path, url="x", media_type="x/y", value="x")
    assert [headers.count(b"\n") for headers in found] == [headers.count(b"\n") for headers in harmless]
    assert all(headers.isascii() for headers in found)


@pytest.mark.parametrize("address", ["127.0.0.1:80", "[::1]", "example.mn", "127.0.0.1\r\nX: y"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(FormatError, match="not an IP address"):
        write(tmp_path / "a.warc.gz", replace(PLAIN, ip_address=address))


def test_the_zone_of_an_address_cannot_add_a_header_line(tmp_path: Path) -> None:
    text = write(tmp_path / "a.warc.gz", replace(PLAIN, ip_address="fe80::1%a\r\nX: y"))

    assert "WARC-IP-Address: fe80::1%a%0D%0AX: y\r\n" in text


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\nx", b"HTTP/1.1 200 OK\n\nX: y\r\n\r\n"]
)
def test_a_head_that_would_be_split_elsewhere_is_refused_and_nothing_written(tmp_path: Path, head: bytes) -> None:
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        with pytest.raises(FormatError, match="does not end at its first blank line"):
            writer.exchange(replace(PLAIN, response_head=head))

    assert [finding.type for finding in check_warc(tmp_path / "a.warc.gz")] == ["warcinfo"]


def test_a_reason_for_truncation_that_the_standard_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="WARC-Truncated"):
        write(tmp_path / "a.warc.gz", replace(PLAIN, truncated="tired"))


def test_the_warcinfo_record_comes_first_and_once(tmp_path: Path) -> None:
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW) as writer:
        with pytest.raises(FormatError, match="begins with its warcinfo"):
            writer.exchange(PLAIN)
        with pytest.raises(FormatError, match="not a warcinfo field name"):
            writer.warcinfo({"a: b\r\nc": "d"})
        writer.warcinfo({"a": "b"})
        with pytest.raises(FormatError, match="not the first"):
            writer.warcinfo({"a": "b"})


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"kept")

    with pytest.raises(FileExistsError):
        WarcWriter(path, created=NOW).__enter__()

    assert path.read_bytes() == b"kept"


def test_a_spooled_body_is_stored_in_constant_memory(tmp_path: Path) -> None:
    spooled = tmp_path / "body"
    with spooled.open("wb") as file:
        for number in range(24):
            file.write(bytes([number]) * 1024 * 1024)
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        tracemalloc.start()
        line = writer.exchange(replace(PLAIN, response_body=spooled)).response
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert peak < 4 * 1024 * 1024
    assert line is not None
    assert line.digest == "sha256:" + base64.b32encode(hashlib.sha256(spooled.read_bytes()).digest()).decode()
    assert not any(finding.failed for finding in check_warc(tmp_path / "a.warc.gz"))


def test_a_large_body_that_was_compressed_before_is_stored_as_it_is(tmp_path: Path) -> None:
    body = hashlib.shake_256(b"picture").digest(100_000)
    with WarcWriter(tmp_path / "a.warc.gz", created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit"})
        line = writer.exchange(replace(PLAIN, response_body=body)).response

    assert line is not None
    assert line.length < len(body) + 2_000
    assert body[:1000] in (tmp_path / "a.warc.gz").read_bytes()
    with record_at(tmp_path / "a.warc.gz", line.offset) as found:
        assert b"".join(iter(lambda: found.read(65_536), b"")) == body


@given(url=st.text())
def test_percent_encoding_leaves_printable_ascii_alone(url: str) -> None:
    encoded = ascii_uri(url)

    assert all("!" <= character <= "~" for character in encoded)
    assert ascii_uri(encoded) == encoded
