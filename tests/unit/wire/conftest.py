"""Peers that speak TLS with each other, and a witness with a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import Issuer
from tests.support.tsa import OpensslTsa
from tests.support.witnesses import Installation, serving
from tests.unit.wire.tls.peers import Peers


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    """Return a client and a server whose certificate an authority issued."""
    return Peers(tmp_path, Issuer().identity(tmp_path))


@pytest.fixture(scope="module")
def prosecutor(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslTsa) -> Installation:
    return Installation(folder=tmp_path_factory.mktemp("прокурор") / "a b").set_up("Гэрч", tsa=(tsa.url,))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(folder=tmp_path_factory.mktemp("office") / "o").set_up("Officer")


@pytest.fixture(scope="module")
def address(prosecutor: Installation, office: Installation) -> Iterator[str]:
    with serving(prosecutor, [office], "--allow-private") as place:
        yield place
