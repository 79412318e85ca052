"""How tests run the command line: in this process, through `main`, as a person or a script would."""

import json
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # tests look into documents of every kind
        """The one JSON document on stdout."""
        return json.loads(self.out)


class RunCommand(Protocol):
    """Runs ``evidence-kit`` with some arguments."""

    def __call__(self, *arguments: object, stdin: str = "") -> Result:
        """Return what it answered."""
