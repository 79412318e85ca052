"""Find templates, samples and the built page, which a wheel carries inside the package and a checkout beside it."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def template(name: str = "") -> Traversable:
    """Return the template *name* (a path with ``/``), or the folder of all templates."""
    return _find("templates", name)


def sample(name: str = "") -> Traversable:
    """Return the sample *name* (a path with ``/``), or the folder of all samples."""
    return _find("samples", name)


def built_page() -> Traversable:
    """Return ``verify.html`` as it was built; in a checkout it is missing until ``make web`` was run."""
    packaged = files("evidence_kit") / "web" / "verify.html"
    return packaged if packaged.is_file() else Path(__file__).parents[1] / "build" / "web" / "verify.html"


def _find(folder: str, name: str) -> Traversable:
    packaged = files("evidence_kit") / folder
    root = packaged if packaged.is_dir() else Path(__file__).parents[1] / folder
    return root.joinpath(name) if name else root
