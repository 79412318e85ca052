"""What is done to a page so that it shows what it keeps back: scrolled, opened, turned; and windows looked after.

Every behaviour has a budget and notes each thing it does, with where and what came of it, and what it left undone.

- `course`: the order, and which part may take how long; `run` is the whole of it.
- `scrolling`, `overlays`, `expanding`, `showing`: the behaviours. `popups`: windows that the page opens.
- `judging`, `words`: what may be clicked, decided from facts and from ``words.toml``. In doubt nothing is.
- `page`: questions and clicks; its other half, in an isolated world of the page, is ``in_page/*.js``.

Not entered: frames (they are counted), and closed shadow trees.
"""

from evidence_kit.capture.behaviours.course import run
from evidence_kit.capture.behaviours.popups import Popups

__all__ = ["Popups", "run"]
