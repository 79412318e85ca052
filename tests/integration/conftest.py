"""What several of these tests run with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_kit.models import RecorderKind
from tests.support.captures import recorder
from tests.support.disclosures import World, make_world
from tests.support.tsa import OpensslTsa


@pytest.fixture(params=[RecorderKind.WIRE, pytest.param(RecorderKind.BROWSER, marks=pytest.mark.slow)], ids=str)
def kind(request: pytest.FixtureRequest) -> Iterator[RecorderKind]:
    """Both recorders, one after the other; the fidelity suite has the browser recorder in every run."""
    chosen: RecorderKind = request.param
    before = recorder.set(chosen)
    yield chosen
    recorder.reset(before)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], Path]) -> World:
    """Return a case with its bundles; nobody writes into it but with bundles of its own."""
    oracle("openssl")
    with OpensslTsa() as tsa:
        return make_world(tmp_path_factory.mktemp("disclosure"), tsa)
