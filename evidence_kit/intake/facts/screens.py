"""Sizes of screens: a picture of exactly such a size may be a screenshot, or be no screenshot at all.

Width and height are those of the screen held upright, in pixels as screenshots have them, from the makers' published
technical specifications of the models named. Many other phones share them; the list is short on purpose.
"""

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.notes import Notes

_APPLE = "Apple, technical specifications"
_SAMSUNG = "Samsung, specifications"
_XIAOMI = "Xiaomi, specifications"
_HUAWEI = "Huawei, specifications"
_GOOGLE = "Google, Pixel technical specifications"
_DETAIL = "Possibly a screenshot: this size is the screen of these, among others; nothing in the file names a camera."

_SCREENS: dict[tuple[int, int], tuple[tuple[str, str], ...]] = {
    (640, 960): (("iPhone 4, 4s", _APPLE),),
    (640, 1136): (("iPhone 5, 5s, 5c, SE (1st generation)", _APPLE),),
    (750, 1334): (("iPhone 6, 6s, 7, 8, SE (2nd and 3rd generation)", _APPLE),),
    (1242, 2208): (("iPhone 6 Plus, 6s Plus, 7 Plus, 8 Plus (as rendered)", _APPLE),),
    (1125, 2436): (("iPhone X, XS, 11 Pro", _APPLE),),
    (828, 1792): (("iPhone XR, 11", _APPLE),),
    (1242, 2688): (("iPhone XS Max, 11 Pro Max", _APPLE),),
    (1080, 2340): (
        ("iPhone 12 mini, 13 mini", _APPLE),
        ("Galaxy S22, S23, S24, A34, A54", _SAMSUNG),
        ("Redmi Note 7, Note 8", _XIAOMI),
        ("P30", _HUAWEI),
    ),
    (1170, 2532): (("iPhone 12, 12 Pro, 13, 13 Pro, 14", _APPLE),),
    (1284, 2778): (("iPhone 12 Pro Max, 13 Pro Max, 14 Plus", _APPLE),),
    (1179, 2556): (("iPhone 14 Pro, 15, 15 Pro, 16", _APPLE),),
    (1290, 2796): (("iPhone 14 Pro Max, 15 Plus, 15 Pro Max, 16 Plus", _APPLE),),
    (1206, 2622): (("iPhone 16 Pro", _APPLE),),
    (1320, 2868): (("iPhone 16 Pro Max", _APPLE),),
    (1536, 2048): (("iPad (3rd to 6th generation), iPad Air, Air 2, mini 2 to 5", _APPLE),),
    (1620, 2160): (("iPad (7th to 9th generation)", _APPLE),),
    (1668, 2224): (("iPad Air (3rd generation), iPad Pro 10.5", _APPLE),),
    (1640, 2360): (("iPad (10th generation), iPad Air (4th and 5th generation)", _APPLE),),
    (1668, 2388): (("iPad Pro 11", _APPLE),),
    (2048, 2732): (("iPad Pro 12.9", _APPLE),),
    (1488, 2266): (("iPad mini (6th generation)", _APPLE),),
    (720, 1600): (("Galaxy A03, A12, A13", _SAMSUNG), ("Redmi 9, 9A, 10A", _XIAOMI)),
    (1080, 2400): (
        ("Galaxy S20 FE, S21, A51, A52", _SAMSUNG),
        ("Redmi Note 9 Pro, Note 10, Note 11", _XIAOMI),
        ("Pixel 6, 7, 8", _GOOGLE),
    ),
    (1440, 2960): (("Galaxy S8, S9, Note 8, Note 9", _SAMSUNG),),
    (1440, 3040): (("Galaxy S10, S10+", _SAMSUNG),),
    (1440, 3200): (("Galaxy S20, S20+, S20 Ultra, S21 Ultra", _SAMSUNG),),
    (1440, 3088): (("Galaxy S22 Ultra, S23 Ultra", _SAMSUNG),),
    (1440, 3120): (("Galaxy S24+, S24 Ultra", _SAMSUNG), ("Pixel 6 Pro, 7 Pro", _GOOGLE)),
    (1440, 2560): (("Galaxy S6, S7, Note 5", _SAMSUNG),),
    (1080, 1920): (("Galaxy S4, S5, A5", _SAMSUNG), ("Redmi Note 4", _XIAOMI), ("P9, P10", _HUAWEI)),
    (720, 1280): (("Galaxy S3, J5, J7", _SAMSUNG), ("Redmi 4A", _XIAOMI)),
}
_CAMERA = ("/Make", "/Model", "/FNumber", "/ExposureTime", "/FocalLength", "/LensModel", "/ISOSpeedRatings")


def note_screen(size: tuple[int, int] | None, notes: Notes) -> None:
    """Note which screens have the size *size*, if no finding so far is of a camera; and what calls it a screenshot."""
    for finding in notes.findings:
        if finding.source.pointer.endswith("UserComment") and str(finding.value).strip() == "Screenshot":
            source, detail = finding.source, "a comment that phones put into their screenshots"
            notes.findings_at("screenshot.said", finding.value, source, detail=detail)
            break
    if size is None or any(finding.source.pointer.endswith(_CAMERA) for finding in notes.findings):
        return
    screens = _SCREENS.get((min(size), max(size)))
    if screens:
        named: list[Json] = [{"screens": models, "source": source} for models, source in screens]
        notes.add("screenshot.size", {"width": size[0], "height": size[1], "of": named}, detail=_DETAIL)
