"""Our PDQ and pHash are those of their own programs, bit for bit, where no picture has to be made smaller first."""

import io

import pytest
from PIL import Image

from evidence_kit.errors import FormatError, LimitError
from evidence_kit.pictures.perceptual import distance, perceptual_hashes
from evidence_kit.pictures.supplied import brightness_of, header_of


def picture(width: int, height: int, factor: int) -> Image.Image:
    """Return squares with waves in them, the same everywhere."""
    levels = bytes(
        (x * x * factor + y * y * 3 + x * y) // 97 % 256 if (x // 20 + y // 30) % 2 else (x * factor + y * 2) // 3 % 256
        for y in range(height)
        for x in range(width)
    )
    return Image.frombytes("L", (width, height), levels)


def written(image: Image.Image, form: str, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream


@pytest.mark.parametrize(
    ("size", "pdq", "quality", "phash"),
    [
        # Computed with pdqhash 0.2.8 and ImageHash 4.3.2.
        (
            (256, 200, 5),
            "0ffae60c84fd3f81d02081578fe23b317115f0fe0a3db4eae7dc8ce899cc9898",
            100,
            "a40c198b1d23debf",
        ),
        (
            (320, 480, 7),
            "0dff1fff1eaa1c00697f347049e5fca14d75ace0ad75f82052b54de0f148e018",
            100,
            "893c8903f6aad733",
        ),
        ((32, 32, 3), "155dc9a2374dd9b2364dc932b64dc9b2364dc9b2364dc9b2364dc9b24936b649", 2, "a949b626dd26d926"),
        ((64, 64, 11), "5b29cccbb49666cd5938aacd953226c55938aa6d959264c78b34566ba5d56aa6", 100, "8932d56b92f1a45b"),
    ],
)
def test_hashes_are_those_of_other_programs(size: tuple[int, int, int], pdq: str, quality: int, phash: str) -> None:
    hashes = perceptual_hashes(brightness_of(written(picture(*size), "PNG")))

    assert (hashes.pdq, hashes.pdq_quality, hashes.phash) == (pdq, quality, phash)


def test_a_picture_saved_smaller_and_anew_looks_alike_and_another_does_not() -> None:
    whole = picture(1200, 900, 5)
    one, small, other = (
        perceptual_hashes(brightness_of(stream))
        for stream in (
            written(whole, "PNG"),
            written(whole.resize((600, 450)), "JPEG", quality=80),
            written(picture(1200, 900, 11), "PNG"),
        )
    )

    assert distance(one.pdq, small.pdq) <= 31
    assert distance(one.phash, small.phash) <= 10
    assert distance(one.pdq, other.pdq) > 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_samples_has_a_brightness(mode: str) -> None:
    image = Image.new("I;16", (40, 30), 65535) if mode == "I;16" else Image.new("L", (40, 30), 255).convert(mode)

    small = brightness_of(written(image, "PNG"))

    assert (small.size, set(small.levels)) == ((40, 30), {255})


def test_what_is_transparent_is_white() -> None:
    assert set(brightness_of(written(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")).levels) == {255}


def test_a_picture_with_too_many_pixels_is_not_decoded() -> None:
    data = bytearray(written(Image.new("1", (8, 8)), "PNG").getvalue())
    data[16:24] = (20_000).to_bytes(4, "big") * 2

    with pytest.raises(LimitError, match=r"too many|more pixels|cannot be read"):
        brightness_of(io.BytesIO(written(Image.new("1", (10_000, 6_000)), "PNG").getvalue()))
    with pytest.raises((FormatError, LimitError)):
        brightness_of(io.BytesIO(bytes(data)))


def test_no_path_of_this_computer_stands_in_what_is_said_of_a_picture() -> None:
    with pytest.raises(FormatError) as caught:
        header_of(io.BytesIO(b"nothing"))

    assert "<" not in str(caught.value)
