"""The address under which the machine is seen outside is asked for only of a service that was named."""

import pytest

from evidence_kit.capture.egress import ask_egress
from tests.support.capture_site import RawSite, reply

pytestmark = pytest.mark.network


def test_nobody_is_asked_without_a_name() -> None:
    assert ask_egress("") == "not asked"


@pytest.mark.parametrize(("answer", "address"), [("203.0.113.7\n", "203.0.113.7"), ("2001:db8::1", "2001:db8::1")])
def test_the_answer_of_the_named_service_is_kept_with_its_source(answer: str, address: str) -> None:
    with RawSite({"/": reply(answer, "text/plain")}) as site:
        assert ask_egress(f"{site.url}/") == {"source": f"{site.url}/", "address": address}


@pytest.mark.parametrize("answer", ["<html>", "", "203.0.113.7 and more", "x" * 5000, "203.0.113.٧"])
def test_what_is_no_address_is_not_kept(answer: str) -> None:
    with RawSite({"/": reply(answer, "text/plain")}) as site:
        assert ask_egress(f"{site.url}/") == {"source": f"{site.url}/", "why": "its answer is not an address"}


def test_an_error_is_said() -> None:
    with RawSite({}) as site:
        told = ask_egress(f"{site.url}/none")
    assert told == {"source": f"{site.url}/none", "why": "it answered with HTTP status 404"}
    refused = ask_egress("http://127.0.0.1:1/")
    assert isinstance(refused, dict)
    assert str(refused["why"]).startswith("it could not be reached")
    assert ask_egress("file:///etc/passwd") == {"source": "file:///etc/passwd", "why": "not a web address"}
