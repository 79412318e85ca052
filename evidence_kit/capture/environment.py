"""Describe what a capture was made with: browser, system, settings and versions."""

import platform
import sys
from importlib.metadata import version

from evidence_kit import __version__
from evidence_kit.browser.cdp import Fields
from evidence_kit.browser.launch import Chromium
from evidence_kit.canonical import Json
from evidence_kit.capture.result import CaptureOptions

_LIBRARIES = ("pillow", "warcio", "websockets")


def describe(chromium: Chromium, told: Fields, options: CaptureOptions, *, durable: bool) -> dict[str, Json]:
    """Return the environment; *told* is the browser's own answer to ``Browser.getVersion``."""
    versions: dict[str, Json] = {name: version(name) for name in _LIBRARIES}
    return {
        "browser": told.get("product", ""),
        "browser_revision": told.get("revision", ""),
        "protocol_version": told.get("protocolVersion", ""),
        "user_agent": told.get("userAgent", ""),
        "system": platform.platform(),
        "machine": platform.machine(),
        "viewport": list(options.viewport),
        "device_pixel_ratio": 1,
        "locale": options.locale,
        "timezone": options.timezone,
        "profile": "fresh, removed afterwards",
        "headless": True,
        "sandbox": chromium.sandbox.on,
        "sandbox_reason": chromium.sandbox.why,
        "arguments": list(chromium.arguments),
        "certificate_errors_ignored": options.insecure,
        "connect_to": [f"{host}={address}" for host, address in options.connect_to],
        "bodies_kept_outside_page": durable,
        "versions": {"evidence-kit": __version__, "python": sys.version.split()[0], **versions},
    }
