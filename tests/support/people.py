"""Fictional officers with real keys and a clock that tests can set."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Officer
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer, make_practice_signer, open_pkcs12, write_pkcs12

ULAANBAATAR = timezone(timedelta(hours=8))
OFFICER = Officer(name="Зохиомол Дорж", id="0001", role="мөрдөгч", agency="Сургалтын хэлтэс")


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        """Move the clock on."""
        self.at += timedelta(seconds=seconds)


def practice_custodian(clock: SetClock | None = None, officer: Officer = OFFICER) -> Custodian:
    """Return an officer with a fresh practice key."""
    clock = clock or SetClock()
    signer = make_practice_signer(officer, now=clock())
    return Custodian(officer=officer, signer=signer, clock=clock, zone=ULAANBAATAR)


def roots_of(signer: Signer) -> TrustedRoots:
    """Return the roots of the installation that made *signer*."""
    return TrustedRoots(practice=signer.chain[-1:])


def keep_key(custodian: Custodian, path: Path) -> Path:
    """Write the key of *custodian* to a new file, for another process that acts as the same officer."""
    path.write_bytes(write_pkcs12(custodian.signer, b"key"))
    return path


def custodian_from(path: Path) -> Custodian:
    """Return the officer with the key that `keep_key` wrote."""
    return Custodian(officer=OFFICER, signer=open_pkcs12(path, b"key"), clock=SetClock(), zone=ULAANBAATAR)
