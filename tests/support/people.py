"""Fictional officers with real keys and a clock that tests can set."""

from datetime import UTC, datetime, timedelta, timezone

from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Officer
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer, make_practice_signer

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
