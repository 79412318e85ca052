"""The commands of other people's tools that the report and README.txt print, each a step of checking a bundle."""

from dataclasses import dataclass
from enum import StrEnum


class CheckStep(StrEnum):
    """Which question a printed command answers; the texts say what must appear."""

    FILES = "files"
    TAGS = "tags"
    ROOT = "root"
    SIGNATURE = "signature"
    TIME_STAMP = "time_stamp"
    REPORT = "report"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCommand:
    """A command of other people's tools, printed exactly so, to be entered in the folder of the bundle."""

    step: CheckStep
    command: str
