"""Where a picture says that it was taken, in degrees: made of the GPS tags of EXIF (3.0, 4.6.7)."""

from evidence_kit.intake.facts.exif import Exif
from evidence_kit.intake.facts.notes import Notes

_PARTS = (1, 60, 3600)
_OUTSIDE = "outside of what exists on Earth"


def note_position(exif: Exif, notes: Notes) -> None:
    """Note the position that *exif* gives, in decimal degrees of six places, south and west negative."""
    latitude, longitude = _degrees(exif, "Latitude", "S"), _degrees(exif, "Longitude", "W")
    if latitude is None or longitude is None:
        return
    inside = abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004  # degrees
    offset, length = exif.places.get("GPS GPSLatitude", (None, None))
    notes.add(
        "gps.position",
        {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"},
        pointer="exif/GPS",
        offset=offset,
        length=length,
        detail="" if inside else _OUTSIDE,
    )


def _degrees(exif: Exif, name: str, negative: str) -> float | None:
    values = exif.ratios.get(f"GPS GPS{name}", [])
    if len(values) != len(_PARTS):
        return None
    degrees = sum(value / part for value, part in zip(values, _PARTS, strict=True))
    return -degrees if exif.tags.get(f"GPS GPS{name}Ref", "").strip().upper() == negative else degrees
