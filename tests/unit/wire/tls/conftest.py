"""Servers with keys of every kind, real and forged."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.unit.wire.tls.forge import Forger
from tests.unit.wire.tls.peers import KEYS, Identity, Peers, make_identity


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    folder = tmp_path_factory.mktemp("identities")
    return {kind: make_identity(folder, kind) for kind in KEYS}


@pytest.fixture
def peers(tmp_path: Path, identities: dict[str, Identity]) -> Peers:
    return Peers(tmp_path, identities["p256"])


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    identity = make_identity(tmp_path_factory.mktemp("signer"), "p256")
    key = load_pem_private_key(identity.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return identity.der, key


@pytest.fixture
def forger(signer: tuple[bytes, ec.EllipticCurvePrivateKey]) -> Forger:
    return Forger(certificate=signer[0], key=signer[1])
