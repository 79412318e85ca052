"""The practice network, served for the tests of a module, and a visitor."""

from collections.abc import Iterator

import pytest

from evidence_kit.practice import PracticeServer
from tests.unit.practice.visitor import Client


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer(endless_seconds=1.0) as running:
        yield running


@pytest.fixture
def get(server: PracticeServer) -> Iterator[Client]:
    client = Client(server.url)
    yield client
    client.connection.close()
