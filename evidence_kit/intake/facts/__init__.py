"""Facts about supplied pictures, video, audio and other files, as findings with their source bytes, never verdicts.

`examine` reads one file in this process; `examine_apart` many in a process of its own, which may die of them. Readers
of formats (`jpeg`, `png`, `riff`, `gif`, `boxes`) yield parts with their places; ``of_…`` find measures and metadata in
them; `exif`, `xmp`, `iptc`, `icc`, `manifests` read those. Nothing is decoded before its size is known to be bearable.
"""

from evidence_kit.intake.facts.apart import examine_apart
from evidence_kit.intake.facts.document import FactsDocument
from evidence_kit.intake.facts.examining import examine
from evidence_kit.intake.facts.file_facts import FileFacts, shown_on_demand

__all__ = ["FactsDocument", "FileFacts", "examine", "examine_apart", "shown_on_demand"]
