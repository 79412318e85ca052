"""Where this installation keeps its settings, and the one of them that even ``--help`` wants: the language."""

from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_config_path

from evidence_kit import canonical
from evidence_kit.errors import FormatError

HOME_VARIABLE = "EVIDENCE_KIT_HOME"


def settings_home(environ: Mapping[str, str]) -> Path:
    """Return the settings folder: ``EVIDENCE_KIT_HOME``, else the platform's own."""
    given = environ.get(HOME_VARIABLE)
    return Path(given) if given else user_config_path("evidence_kit", appauthor=False)


def stored_language(home: Path) -> str:
    """Return the language in ``settings.json``; empty when none is set or the file cannot be read.

    A damaged file is told by `evidence_kit.settings.load_settings`, which every command that needs settings calls.
    """
    try:
        value = canonical.parse((home / "settings.json").read_bytes())
    except (OSError, FormatError):
        return ""
    language = value.get("language") if isinstance(value, dict) else None
    return language if isinstance(language, str) else ""
