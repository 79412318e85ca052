"""The JSON that the practice network's own scripts load, shaped like that of large networks.

- ``GET /api/posts/ID``: the whole post, with the text beyond the fold.
- ``GET /api/posts/ID/comments?after=N``: six comments after the N-th (0 at first), each with its first two replies,
  and a ``paging`` object whose ``next`` is the address of the following page or null.
- ``GET /api/comments/ID/replies``: all replies of a comment.
- ``POST /api/posts/ID/reactions`` and ``POST /api/seen``: read a body, keep nothing, say how long it was.

Times are UTC, RFC 3339 with ``Z``.
"""

from collections.abc import Sequence
from datetime import UTC

from evidence_kit.canonical import Json
from evidence_kit.practice.content import Comment, Content, Person, Picture, Post
from evidence_kit.practice.messages import Request, Response, json
from evidence_kit.practice.wording import shown_time

PAGE = 6
REPLIES_SHOWN = 2
_MAX_DIGITS = 9


def post_document(post: Post) -> dict[str, Json]:
    """Return *post* without its comments, with its whole text."""
    return {
        "id": post.id,
        "author": _author(post.author),
        "created_time": _utc(post),
        "audience": post.audience,
        "text": post.text,
        "pictures": [_picture(picture) for picture in post.pictures],
        "reactions": dict(post.reactions),
        "shares": post.shares,
        "shared_post": post.shared,
        "comment_count": len(post.comments),
        "url": f"/posts/{post.id}",
    }


def island_document(post: Post) -> dict[str, Json]:
    """Return what the page itself carries as data: like `post_document`, but with the text only up to the fold."""
    document = post_document(post)
    del document["text"]
    return document | {"text_preview": post.preview, "text_complete": post.preview == post.text}


def answer(request: Request, content: Content) -> Response | None:
    """Return the answer to a path below ``/api/``, or None when there is nothing there."""
    match request.path.split("/")[2:]:
        case ["seen"]:
            return json({"received_bytes": len(request.body), "kept": False})
        case ["posts", identifier, *rest]:
            post = content.posts.get(identifier)
            return None if post is None or post.deleted else _post(request, post, rest)
        case ["comments", identifier, "replies"]:
            return _replies(request, content, identifier)
        case _:
            return None


def _post(request: Request, post: Post, rest: list[str]) -> Response | None:
    match rest:
        case []:
            return json(post_document(post))
        case ["comments"]:
            return _comments(request, post)
        case ["reactions"]:
            return json({"received_bytes": len(request.body), "kept": False, "reactions": dict(post.reactions)})
        case _:
            return None


def _comments(request: Request, post: Post) -> Response:
    text = request.query.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return json({"error": {"code": 100, "message": "after must be a whole number"}}, status=400)
    after = int(text)
    page = post.comments[after : after + PAGE]
    end = after + len(page)
    more = end < len(post.comments)
    language = "&lang=en" if request.language == "en" else ""
    paging: dict[str, Json] = {
        "after": str(end),
        "has_next_page": more,
        "next": f"/api/posts/{post.id}/comments?after={end}{language}" if more else None,
    }
    return json({"data": _documents(page, request.language), "paging": paging, "total_count": len(post.comments)})


def _replies(request: Request, content: Content, identifier: str) -> Response | None:
    for post in content.posts.values():
        for comment in post.comments:
            if comment.id == identifier and not post.deleted:
                replies = _documents(comment.replies, request.language)
                return json({"data": replies, "total_count": len(replies)})
    return None


def _documents(comments: Sequence[Comment], language: str) -> list[Json]:
    return [_comment(comment, language) for comment in comments]


def _comment(comment: Comment, language: str) -> dict[str, Json]:
    return {
        "id": comment.id,
        "author": _author(comment.author),
        "created_time": _utc(comment),
        "shown_time": shown_time(comment.time, language),
        "text": comment.text,
        "picture": _picture(comment.picture) if comment.picture else None,
        "reactions": comment.reactions,
        "reply_count": len(comment.replies),
        "replies": _documents(comment.replies[:REPLIES_SHOWN], language),
    }


def _author(person: Person) -> dict[str, Json]:
    return {
        "id": person.id,
        "name": person.name,
        "url": f"/people/{person.id}",
        "avatar": f"/pictures/{person.avatar}",
    }


def _picture(picture: Picture) -> dict[str, Json]:
    return {"url": f"/pictures/{picture.file}", "alt": picture.alt}


def _utc(thing: Post | Comment) -> str:
    return thing.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
