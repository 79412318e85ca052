"""Peers that speak TLS with each other."""

from pathlib import Path

import pytest

from tests.support.accounts import Issuer
from tests.unit.wire.tls.peers import Peers


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    """Return a client and a server whose certificate an authority issued."""
    return Peers(tmp_path, Issuer().identity(tmp_path))
