"""Web archives that other tools made: what they hold, whether their digests are right, and what their seals cover.

Facts about somebody else's file, never a verdict: a digest that is not right need not be tampering (tools count
payloads in several ways), and a seal that holds says who made the list of files, not what is true.
"""

from evidence_kit.intake.archives.reading import Archive, read_archive

__all__ = ["Archive", "read_archive"]
