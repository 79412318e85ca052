"""The practice network: a social site of fictional people on a loopback address, for training, the demo and tests.

`load` reads its content, `PracticeServer` serves it over real HTTP.
"""

from evidence_kit.practice.content import Content, load
from evidence_kit.practice.server import PracticeServer

__all__ = ["Content", "PracticeServer", "load"]
