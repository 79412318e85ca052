"""The HTML pages: jinja2 templates of this package, everything escaped unless it is the template's own markup.

The templates stand in ``pages/`` and are read as package resources, so that a wheel, an editable installation and a
checkout find them alike. Content only ever enters as data.
"""

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from evidence_kit.practice import api
from evidence_kit.practice.content import Content
from evidence_kit.practice.messages import Request
from evidence_kit.practice.wording import banner, shown_number, shown_time, words

_PAGES = files("evidence_kit.practice") / "pages"
_EMOJI = {"like": "👍", "love": "❤️", "laugh": "😂", "wow": "😮", "sad": "😢", "angry": "😡"}
STATIC_TYPES = {
    "network.css": "text/css; charset=utf-8",
    "news.css": "text/css; charset=utf-8",
    "network.js": "text/javascript; charset=utf-8",
    "beacon.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "guest.svg": "image/svg+xml",
}


def static(name: str) -> bytes:
    """Return the style sheet, script or icon *name*, one of `STATIC_TYPES`."""
    return (_PAGES / "static" / name).read_bytes()


class Pages:
    """Renders the pages of one content; safe to use from several threads."""

    def __init__(self, content: Content) -> None:
        """Prepare the templates."""
        self._content = content
        self._environment = Environment(
            loader=FunctionLoader(_source),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["number"] = shown_number
        self._environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}

    def render(self, page: str, request: Request, **values: object) -> str:
        """Return the page *page* (a template's name) in the request's language with *values*."""
        language = request.language

        def link(path: str) -> str:
            return path if language == "mn" else f"{path}{'&' if '?' in path else '?'}lang=en"

        return self._environment.get_template(page).render(
            network=self._content,
            banner=banner(),
            language=language,
            words=words(language),
            link=link,
            path=request.path,
            emoji=_EMOJI,
            island=api.island_document,
            when=lambda moment: shown_time(moment, language),
            **values,
        )


def _source(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")
