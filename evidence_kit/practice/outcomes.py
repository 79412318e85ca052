"""Pages below ``/outcomes/`` that end in every way a page on the network can end, for practice and for tests.

The list is `OUTCOMES`; ``/outcomes/`` shows it. `evidence_kit.practice.server` says what each one does.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evidence_kit.practice.content import Bilingual
from evidence_kit.practice.messages import Delivery, Request, Response, html, redirect
from evidence_kit.practice.rendering import Pages

MAX_WAIT = 30.0
_DEFAULT_WAIT = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an outcome may use."""

    pages: Pages
    request: Request
    refused: str
    """Address of a loopback port that refuses every connection, such as ``http://127.0.0.1:40001``."""

    def message(self, title: str, *, status: int = 200, policy: str | None = None) -> Response:
        """Return a small page with one heading."""
        text = self.pages.render("message.html", self.request, title=title)
        return html(text, status=status) if policy is None else html(text, status=status, policy=policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way to end, and what it is called."""

    name: str
    about: Bilingual
    answer: Callable[[Scene], Response]


def _error(scene: Scene) -> Response:
    text = scene.pages.render("problem.html", scene.request, status=500)
    return html(text, status=500)


def _slow(scene: Scene) -> Response:
    text = scene.request.query.get("seconds", _DEFAULT_WAIT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # Written so that "nan" is refused as well.
    if not 0 <= seconds <= MAX_WAIT:
        return html(scene.pages.render("problem.html", scene.request, status=400), status=400)
    return replace(scene.message("Удаан хуудас · a slow page"), wait=seconds)


def _endless(scene: Scene) -> Response:
    return replace(scene.message("Дуусдаггүй хуудас · a page without an end"), delivery=Delivery.ENDLESS)


def _truncated(scene: Scene) -> Response:
    return replace(scene.message("Тасарсан хуудас · a page cut short"), delivery=Delivery.TRUNCATED)


def _reset(_scene: Scene) -> Response:
    return Response(delivery=Delivery.RESET)


def _empty(_scene: Scene) -> Response:
    return Response(status=204)


def _gzip(scene: Scene) -> Response:
    page = scene.message("Шахсан хуудас · a compressed page")
    headers = (*page.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return replace(page, headers=headers, body=gzip.compress(page.body, mtime=0))


def _chunked(scene: Scene) -> Response:
    return replace(scene.message("Хэсэгчилсэн хуудас · a page in chunks"), delivery=Delivery.CHUNKED)


def _broken(scene: Scene) -> Response:
    text = scene.pages.render("broken.html", scene.request, refused=scene.refused)
    return html(text, policy=f"default-src 'self'; img-src 'self' {scene.refused}")


def _beacon(scene: Scene) -> Response:
    return html(scene.pages.render("beacon.html", scene.request))


def _frame(scene: Scene) -> Response:
    return html(scene.pages.render("frame.html", scene.request))


def _cookies(scene: Scene) -> Response:
    page = scene.message("Хоёр күүки · two cookies")
    cookies = (
        ("Set-Cookie", "visitor=practice; Path=/; SameSite=Lax; HttpOnly"),
        ("Set-Cookie", "theme=light; Path=/; Max-Age=3600; SameSite=Lax"),
    )
    return replace(page, headers=page.headers + cookies)


def _header(scene: Scene) -> Response:
    page = scene.message("Кирилл толгой мэдээлэл · a header in Cyrillic")
    return replace(page, headers=(*page.headers, ("X-Note", "Сургалт Өө Үү ₮")))


def _old_encoding(_scene: Scene) -> Response:
    # windows-1251 is what old Mongolian pages were written in; it has no Ө or Ү.
    body = "<!doctype html><title>Хуучин</title><p>СУРГАЛТ / TRAINING: хуучин кодчилол\n".encode("cp1251")
    return Response(headers=(("Content-Type", "text/html; charset=windows-1251"),), body=body)


def _loop(_scene: Scene) -> Response:
    return redirect("/outcomes/loop")


def _lost(scene: Scene) -> Response:
    return redirect(f"{scene.refused}/posts/1001")


OUTCOMES: Mapping[str, Outcome] = {
    name: Outcome(name=name, about=Bilingual(mn=mn, en=en), answer=answer)
    for name, mn, en, answer in (
        ("error", "серверийн алдаа, 500", "a server error, 500", _error),
        ("slow", "удаан хариу (?seconds=, 30 хүртэл)", "a slow answer (?seconds=, up to 30)", _slow),
        ("endless", "дуусдаггүй хариу", "an answer without an end", _endless),
        ("truncated", "тасарсан хариу", "an answer cut short", _truncated),
        ("reset", "тасарсан холболт", "a connection that is reset", _reset),
        ("empty", "агуулгагүй хариу, 204", "an answer without content, 204", _empty),
        ("gzip", "шахсан хариу", "a compressed answer", _gzip),
        ("chunked", "хэсэгчилсэн хариу", "an answer in chunks", _chunked),
        ("broken-parts", "зураг нь ирдэггүй хуудас", "a page whose pictures do not come", _broken),
        ("beacon", "өгөгдөл илгээдэг хуудас", "a page that sends data", _beacon),
        ("frame", "доторх хуудастай хуудас", "a page with a page inside", _frame),
        ("cookies", "хоёр күүки", "two cookies", _cookies),
        ("header", "кирилл толгой мэдээлэл", "a header in Cyrillic", _header),
        ("old-encoding", "windows-1251 кодчилол", "the encoding windows-1251", _old_encoding),
        ("loop", "төгсгөлгүй чиглүүлэлт", "redirects in a circle", _loop),
        ("lost", "хүрэх боломжгүй хаяг руу чиглүүлэлт", "a redirect to an unreachable address", _lost),
    )
}
"""All outcomes by name, in the order in which they are shown."""
