"""A witness's files about an account of connections, whole and changed."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evidence_kit.canonical import Json, dumps
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer
from evidence_kit.wire.witness.statements import FIRST_LINK, SCHEMA, next_link, signature_line
from tests.support.pdfs import NOW
from tests.web.accounts import changed_line

Files = dict[str, bytes]


class Notary:
    """Writes and signs lines as a witness does."""

    def __init__(self, signer: Signer, stamp: Callable[[bytes], bytes]) -> None:
        """Sign with *signer*; *stamp* gives a time stamp over the 32 bytes of a link."""
        self._signer = signer
        self._stamp = stamp

    def files(self, said: Sequence[Mapping[str, Json]]) -> Files:
        """Return the files of a witness that says all this in one session."""
        lines, signatures, link = b"", b"", FIRST_LINK
        for number, own in enumerate(said, start=7):
            common: dict[str, Json] = {
                "schema": SCHEMA,
                "seq": number,
                "previous": str(link),
                "time": "2026-03-04T05:06:07.000Z",
                "session": "ab" * 16,
                "certificate": "cd" * 32,
            }
            line = dumps({**common, **own}) + b"\n"
            signature = sign_detached(sha256_bytes(line), self._signer, at=NOW, with_chain=False)
            lines, signatures = lines + line, signatures + signature_line(signature)
            link = next_link(link, line, signature)
        return {
            "witness.jsonl": lines,
            "witness.sig": signatures,
            "witness.pem": b"".join(each.pem() for each in (self._signer.certificate, *self._signer.chain)),
            "witness.tsr": self._stamp(link.value),
        }

    def signed_again(self, files: Files) -> Files:
        """Return *files* with every signature made anew, and no time stamp."""
        lines = files["witness.jsonl"].splitlines(keepends=True)
        signed = [sign_detached(sha256_bytes(line), self._signer, at=NOW, with_chain=False) for line in lines]
        return {**files, "witness.sig": b"".join(map(signature_line, signed))}


def told(account: Sequence[bytes]) -> list[Mapping[str, Json]]:
    """Return what a witness says that saw just what the lines of an *account* tell."""
    seen = [json.loads(line) for line in account[1:]]
    opening: dict[str, Json] = {"witness": {"name": "Гэрч", "id": "7", "role": "r", "agency": "a"}}
    return [
        {"type": "session.opened", **opening},
        *({"type": "connection", **_connection(line)} for line in seen),
        {"type": "session.closed", "connections": len(seen)},
    ]


def _connection(line: Mapping[str, Any]) -> dict[str, Json]:
    same = {key: line[key] for key in ("name", "port", "address", "address_port", "opened", "error")}
    ways: dict[str, Json] = {
        side: {key: line[side][key] for key in ("bytes", "sha256")} for side in ("client", "server")
    }
    return {"connection": line["id"], "untaken": 0, "lost": False, **same, **ways}


def changed_witnesses(files: Files, notary: Notary, count: int, chance: random.Random) -> Iterator[tuple[str, Files]]:
    """Yield *files* with one of them missing or changed, and with lines that were changed and signed again."""
    for name, data in files.items():
        yield f"without {name}", {key: value for key, value in files.items() if key != name}
        for _ in range(2 * count):
            at = chance.randrange(len(data))
            yield (
                f"{name}, byte {at}",
                {**files, name: data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]},
            )
    lines = files["witness.jsonl"].splitlines(keepends=True)
    signed = files["witness.sig"].splitlines(keepends=True)
    for place, line in enumerate(lines):
        fewer = {
            "witness.jsonl": lines[:place] + lines[place + 1 :],
            "witness.sig": signed[:place] + signed[place + 1 :],
        }
        yield f"without line {place}", {**files, **{name: b"".join(each) for name, each in fewer.items()}}
        for what, other in changed_line(line, 2 * count, chance):
            changed = {**files, "witness.jsonl": b"".join([*lines[:place], other, *lines[place + 1 :]])}
            yield f"line {place}, {what}", changed
            if changed["witness.jsonl"].count(b"\n") == len(lines):
                yield f"line {place}, {what}, signed again", notary.signed_again(changed)
