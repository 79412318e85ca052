"""Puts all cases of a run on one site: a page with a frame for each, and the answers of their servers.

The main page is held until every case has said that it is done, so that a capture of it lasts as long as needed.
"""

import threading
from collections import Counter
from collections.abc import Sequence

from tests.fidelity.case import Case
from tests.fidelity.origin import Sent, SocketTalk
from tests.fidelity.replies import Answer, Fields, Reply, html, text

MAIN = "main"
DONE = "/done/"
"""Where a case says that it is done: at the main host, so that no connection of the case's own is used for it."""
HOLD = "/hold"
_PATIENCE = 20.0
_PIXEL = b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"

_PAGE = """<!doctype html><meta charset=utf-8><title>{name}</title><body>{body}<script type=module>
const far = '{far}';
const wait = time => new Promise(resolve => setTimeout(resolve, time));
const get = (url, options) => fetch(url, options).then(answer => answer.arrayBuffer()).catch(() => 0);
const done = () => fetch('{done}', {{method: 'POST', mode: 'no-cors'}}).catch(() => wait(300).then(done));
try {{ {script} }} finally {{ await done(); }}
</script>"""


class CaseSite:
    """Answers for all cases (`tests.fidelity.origin.Site`)."""

    def __init__(self, cases: Sequence[Case], scheme: str, *, patience: float = _PATIENCE) -> None:
        """Serve *cases*; the main page is held for at most *patience* seconds."""
        self._patience = patience
        self.cases = {case.name: case for case in cases}
        self.scheme = scheme
        self.done: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        """Where the main page is."""
        return f"{self.scheme}://{MAIN}.fid.localhost/"

    def hosts(self, site: str) -> list[str]:
        """Return the names of all hosts on *site*, ``fid`` or ``far``."""
        return [f"{name}.{site}.localhost" for name in (MAIN, *self.cases)]

    def answer(self, sent: Sent) -> Answer:
        """Return what to answer."""
        if sent.case == MAIN:
            return self._main(sent)
        case, path = self.cases[sent.case], sent.path
        with self._changed:
            before = self._counts[sent.url]
            self._counts[sent.url] += 1
        if path in case.routes:
            route = case.routes[path]
            return route(sent, before) if callable(route) else route
        if path == "/":
            far = f"{self.scheme}://{case.name}.far.localhost"
            done = f"{self.url.removesuffix('/')}{DONE}{case.name}"
            return html(_PAGE.format(name=case.name, body=case.body, script=case.script, far=far, done=done))
        return text("no such page", status=b"404 Not Found")

    def is_early(self, sent: Sent) -> bool:
        """Return whether the answer comes before the request's body."""
        case = self.cases.get(sent.case)
        route = case.routes.get(sent.path) if case else None
        return isinstance(route, Reply) and route.early

    def socket_talk(self, sent: Sent) -> tuple[Fields, SocketTalk]:
        """Return a WebSocket's server side."""
        return self.cases[sent.case].sockets[sent.path]

    def _main(self, sent: Sent) -> Answer:
        if sent.path.startswith(DONE):
            with self._changed:
                self.done.add(sent.path.removeprefix(DONE))
                self._changed.notify_all()
            return Reply(status=b"204 No Content", kind=b"")
        if sent.path == HOLD:
            with self._changed:
                self._changed.wait_for(lambda: self.done >= set(self.cases), timeout=self._patience)
            return Reply(kind=b"image/svg+xml", body=_PIXEL)
        if sent.path == "/":
            frames = "".join(
                f"<iframe width=9 height=9 src='{self.scheme}://{name}.fid.localhost/'></iframe>" for name in self.cases
            )
            dialogs = "alert('Анхаар'); confirm('Үү?'); fetch('/after').then(answer => answer.text())"
            return html(f"<!doctype html><title>{MAIN}</title>{frames}<img src={HOLD}><script>{dialogs}</script>")
        if sent.path == "/after":
            return text("after the dialogs")
        return text("no such page", status=b"404 Not Found")
