"""From a request to a response: which path is which page. Pure: no socket, no clock, no file outside the package."""

from evidence_kit.practice import api
from evidence_kit.practice.content import FILE_TYPES, PICTURE_TYPES, Content
from evidence_kit.practice.messages import Request, Response, html, json, redirect
from evidence_kit.practice.outcomes import OUTCOMES, Scene
from evidence_kit.practice.rendering import STATIC_TYPES, Pages, static

_READS = frozenset({"GET", "HEAD"})


class Site:
    """Answers requests about one content."""

    def __init__(self, content: Content, *, refused: str) -> None:
        """Keep the content and the address of a port that refuses connections."""
        self._content = content
        self._pages = Pages(content)
        self._refused = refused

    def respond(self, request: Request) -> Response:
        """Return the response to *request*; never raises for anything a client sends."""
        parts = request.path.split("/")[1:]
        writes = request.path == "/api/seen" or (parts[:2] == ["api", "posts"] and parts[3:] == ["reactions"])
        if (request.method == "POST") != writes or request.method not in _READS | {"POST"}:
            wanted = "POST" if writes else "GET, HEAD"
            page = self.problem(request, 405)
            return Response(status=405, headers=(*page.headers, ("Allow", wanted)), body=page.body)
        found = self._page(request, parts) or self._moved(parts) or self._bytes(parts)
        if found is None and parts[0] == "api":
            found = api.answer(request, self._content)
            return found or json({"error": {"code": 404, "message": "there is no such thing"}}, status=404)
        return found or self.problem(request, 404)

    def problem(self, request: Request, status: int) -> Response:
        """Return the page that says what went wrong."""
        return html(self._pages.render("problem.html", request, status=status), status=status)

    def _page(self, request: Request, parts: list[str]) -> Response | None:
        match parts:
            case [""]:
                posts = sorted(
                    (post for post in self._content.posts.values() if not post.deleted),
                    key=lambda post: (post.time, post.id),
                    reverse=True,
                )
                return self._html("feed.html", request, posts=posts)
            case ["posts", identifier] if identifier in self._content.posts:
                post = self._content.posts[identifier]
                return self.problem(request, 410) if post.deleted else self._html("post.html", request, post=post)
            case ["people", identifier] if identifier in self._content.people:
                person = self._content.people[identifier]
                posts = [one for one in self._content.posts.values() if one.author == person and not one.deleted]
                return self._html("person.html", request, person=person, posts=posts)
            case ["news", identifier] if identifier in self._content.news:
                return self._html("news.html", request, article=self._content.news[identifier])
            case _:
                return self._special(request, parts)

    def _special(self, request: Request, parts: list[str]) -> Response | None:
        match parts:
            case ["login-wall"]:
                return self._html("login_wall.html", request)
            case ["outcomes", ""]:
                return self._html("outcomes.html", request, outcomes=OUTCOMES.values())
            case ["outcomes", name] if name in OUTCOMES:
                return OUTCOMES[name].answer(Scene(pages=self._pages, request=request, refused=self._refused))
            case _:
                return None

    def _html(self, page: str, request: Request, **values: object) -> Response:
        return html(self._pages.render(page, request, **values))

    def _moved(self, parts: list[str]) -> Response | None:
        match parts:
            case ["go", identifier] if identifier in self._content.posts:
                return redirect(f"/moved/{identifier}", status=302)
            case ["moved", identifier] if identifier in self._content.posts:
                return redirect(f"/posts/{identifier}", status=301)
            case ["friends", identifier] if identifier in self._content.posts:
                return redirect("/login-wall", status=302)
            case _:
                return None

    def _bytes(self, parts: list[str]) -> Response | None:
        match parts:
            case ["pictures", name] if name in self._content.pictures:
                kind = PICTURE_TYPES[name[name.rindex(".") :]]
                return _file(self._content.pictures[name], kind)
            case ["files", name] if name in self._content.files:
                return _file(self._content.files[name], FILE_TYPES[name[name.rindex(".") :]])
            case ["static", name] if name in STATIC_TYPES:
                return _file(static(name), STATIC_TYPES[name])
            case ["favicon.ico"]:
                return _file(static("icon.svg"), STATIC_TYPES["icon.svg"])
            case _:
                return None


def _file(body: bytes, kind: str) -> Response:
    return Response(headers=(("Content-Type", kind), ("Cache-Control", "max-age=3600")), body=body)
