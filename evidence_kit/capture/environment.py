"""``environment.json`` (schema ``evidence-kit/environment/1``): what a capture was made with, where and when.

It names neither the machine nor the account of its user; fractions do not occur, times are milliseconds.
"""

import os
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from evidence_kit import __version__
from evidence_kit.browser.cdp import Fields
from evidence_kit.browser.launch import Chromium
from evidence_kit.canonical import Json
from evidence_kit.capture.desk import Interactive
from evidence_kit.capture.entries import Entry
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.models import utc_text
from evidence_kit.trust.certificates import load_certificates

_LIBRARIES = ("pillow", "warcio", "websockets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known when the capture is over."""

    browser: dict[str, Json]
    """By `describe_browser`; empty when the browser never answered."""
    options: CaptureOptions
    recorder: str
    started: datetime
    zone: tzinfo
    clock: dict[str, Json]
    """By `clock_offset.verdict`."""
    names: list[Json]
    """The addresses that names were resolved to: each ``name``, ``addresses`` and who said so, ``source``."""
    egress: Json
    """By `egress.ask_egress`."""
    folder: Path


def describe_browser(
    chromium: Chromium, told: Fields, *, durable: bool, by_hand: Interactive | None = None
) -> dict[str, Json]:
    """Return what is known of the browser; *told* is its own answer to ``Browser.getVersion``."""
    kept = by_hand.profile if by_hand else None
    return {
        "product": told.get("product", ""),
        "revision": told.get("revision", ""),
        "protocol_version": told.get("protocolVersion", ""),
        "user_agent": told.get("userAgent", ""),
        "profile": f"kept, the {kept.name} of its name" if kept else "fresh, removed afterwards",
        "headless": by_hand is None,
        "sandbox": chromium.sandbox.on,
        "sandbox_reason": chromium.sandbox.why,
        "arguments": list(chromium.arguments),
        "bodies_kept_outside_page": durable,
    }


def document(about: Circumstances) -> dict[str, Json]:
    """Return the content of ``environment.json``."""
    local = about.started.astimezone(about.zone)
    return {
        "schema": "evidence-kit/environment/1",
        "tool": {"name": "evidence-kit", "version": __version__, "versions": _versions()},
        "browser": about.browser,
        "system": {
            "platform": platform.platform(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "memory_bytes": _memory(),
            "disk_free_bytes": shutil.disk_usage(about.folder).free,
        },
        "settings": {**_settings(about.options), "recorder": about.recorder},
        "time": {
            "utc": utc_text(about.started),
            "local": local.isoformat(timespec="milliseconds"),
            "timezone": local.tzname() or "",
            "clock": about.clock,
        },
        "network": {"names": about.names, "egress_address": about.egress},
    }


def summary(about: Circumstances) -> dict[str, Json]:
    """Return the few facts that stand in ``item.json``, ``page.json`` and the report."""
    offset = about.clock["offset_ms"]
    measured = f"{offset:+d} ms ({about.clock['source']})" if isinstance(offset, int) else "unverified"
    return {
        "browser": about.browser.get("product", ""),
        "user_agent": about.browser.get("user_agent", ""),
        "system": platform.platform(),
        "viewport": list(about.options.viewport),
        "locale": about.options.locale,
        "timezone": about.options.timezone,
        "certificate_errors_ignored": about.options.insecure,
        "connect_to": [f"{host}={address}" for host, address in about.options.connect_to],
        "training_ca": _authorities(about.options),
        "clock_offset": measured,
        "versions": {"evidence-kit": __version__},
    }


def addresses_seen(entries: Iterable[Entry], recorder: str) -> list[Json]:
    """Return from *entries* which address each name led to, as the *recorder* saw it."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        if entry.ip:
            found.setdefault(urlsplit(entry.url).hostname or "", {})[entry.ip] = None
    return [
        {"name": name, "addresses": [*addresses], "source": f"recorder {recorder}"} for name, addresses in found.items()
    ]


def _settings(options: CaptureOptions) -> dict[str, Json]:
    return {
        "viewport": list(options.viewport),
        "device_pixel_ratio": 1,
        "locale": options.locale,
        "timezone": options.timezone,
        "interactive": options.interactive,
        "scroll": options.scroll,
        "expand": options.expand,
        "pictures": options.pictures,
        "timeout_ms": round(options.timeout * 1000),
        "max_bytes": options.max_bytes,
        "time_servers": list(options.time_servers),
        "certificate_errors_ignored": options.insecure,
        "connect_to": [f"{host}={address}" for host, address in options.connect_to],
        "training_ca": _authorities(options),
    }


def _authorities(options: CaptureOptions) -> list[Json]:
    return [certificate.fingerprint for pem in options.training_ca for certificate in load_certificates(pem.encode())]


def _versions() -> dict[str, Json]:
    return {"python": sys.version.split()[0], **{name: version(name) for name in _LIBRARIES}}


def _memory() -> int | None:
    """Return the bytes of memory of the machine, where the system tells (POSIX)."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
