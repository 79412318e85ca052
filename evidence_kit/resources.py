"""Find templates, samples and what was built for browsers: inside the package in a wheel, beside it in a checkout."""

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
    return _built("verify.html")


def built_receive_page() -> Traversable:
    """Return the page that `receive` shows a phone; in a checkout it is missing until ``make web`` was run."""
    return _built("receive.html")


def replay_program(name: str) -> Traversable:
    """Return the file *name* of the program that replays web archives; in a checkout it is there after ``make web``."""
    return _built("replay") / name


def _built(name: str) -> Traversable:
    packaged = files("evidence_kit") / "web" / name
    there = packaged.is_file() or packaged.is_dir()
    return packaged if there else Path(__file__).parents[1] / "build" / "web" / name


def _find(folder: str, name: str) -> Traversable:
    packaged = files("evidence_kit") / folder
    root = packaged if packaged.is_dir() else Path(__file__).parents[1] / folder
    return root.joinpath(name) if name else root
