"""The small picture that cameras put beside the large one: how far it looks like it, in numbers.

Programs that change a picture often leave its thumbnail as it was. Bars at its edges, and a picture that was turned,
make the two differ too, so this says how much, and not why.
"""

import io

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError, LimitError
from evidence_kit.intake.facts.exif import Exif
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.pictures.perceptual import PerceptualHashes, distance, perceptual_hashes
from evidence_kit.pictures.supplied import brightness_of, header_of

_ALIKE = 10
"""Bits of pHash up to which pictures are held to look alike; PDQ wants pictures larger than most thumbnails are."""


def note_thumbnail(exif: Exif, hashes: PerceptualHashes, size: tuple[int, int] | None, notes: Notes) -> None:
    """Note how far the thumbnail of *exif* is from the picture with these *hashes* and this *size*."""
    offset, length = exif.thumbnail_place or (None, None)
    try:
        small = header_of(io.BytesIO(exif.thumbnail)).size
        own = perceptual_hashes(brightness_of(io.BytesIO(exif.thumbnail)))
    except (FormatError, LimitError) as error:
        notes.add("thumbnail.unreadable", str(error), pointer="exif/IFD1", offset=offset, length=length)
        return
    apart = distance(own.phash, hashes.phash)
    value: dict[str, Json] = {
        "pdq_distance": distance(own.pdq, hashes.pdq),
        "pdq_bits": 256,
        "phash_distance": apart,
        "phash_bits": 64,
        "thumbnail": {"width": small[0], "height": small[1]},
        "picture": {"width": size[0], "height": size[1]} if size else None,
    }
    code = "thumbnail.compared" if apart <= _ALIKE else "thumbnail.differs"
    notes.add(code, value, pointer="exif/IFD1", offset=offset, length=length)
