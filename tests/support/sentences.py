"""The sentences that stand in the program's source, for tests that want words of another language for each of them."""

import ast
from collections.abc import Iterator, Mapping, Sequence


def texts_of(value: ast.expr, assigned: Mapping[str, Sequence[ast.expr]]) -> Iterator[str]:
    """Yield the texts that *value* can be, with an asterisk for each value inserted; a name is what is *assigned*."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from texts_of(one, assigned)
            yield from texts_of(other, assigned)
        case ast.Name(id=name):
            for each in assigned.get(name, ()):
                yield from texts_of(each, assigned)
