"""Make an anchor list: survey the vaults, write down what was found, sign it, have it stamped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.case.anchors import Anchor, AnchorList, Survey, links_contain, read_anchor, survey, token_paths
from evidence_kit.case.durable import write_new
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, EvidenceError, TimestampError, UsageError
from evidence_kit.models import utc_text
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import Token, certificates_inside, read_reply, stamp_all

_PATTERN = "anchor-*.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAnchor:
    """An anchor list that was written."""

    path: Path
    list: AnchorList
    tokens: tuple[tuple[Path, Token], ...]
    """Those that this run fetched, for earlier lists too."""
    problems: tuple[str, ...]
    """What does not match its record: a number without a case, a head that an earlier list has and the log has not."""
    unstamped: tuple[str, ...]


def make_anchor(folders: Sequence[Path], output: Path, *, custodian: Custodian, stamping: Stamping) -> MadeAnchor:
    """Write a list of the heads of all cases in *folders* to the folder *output*, which is made if need be.

    Stamps that earlier lists there lack are fetched too. Raises `UsageError` for what is no folder, `CaseError`.
    """
    surveys = [_survey(folder) for folder in folders]
    problems = [problem for found in surveys for problem in found.problems]
    problems += [f"no case has the number {number}" for found in surveys for number in found.vault.missing]
    problems += _lost_since(output, surveys)
    made = custodian.clock()
    anchors = AnchorList(
        made=made,
        agency=custodian.officer.agency,
        practice=custodian.signer.practice,
        authorities=len(stamping.tsa),
        vaults=tuple(found.vault for found in surveys),
    )
    data = canonical.pretty(anchors.to_json())
    try:
        output.mkdir(parents=True, exist_ok=True)
        path = output / f"anchor-{re.sub('[-:.]', '', utc_text(made))}.json"
        # The list last: one that is there has its signature.
        write_new(path.with_name(f"{path.name}.p7s"), custodian.sign_file(data))
        write_new(path, data)
    except OSError as error:
        message = f"the anchor list could not be written to {output}: {error.strerror}"
        raise CaseError(message) from error
    tokens, unstamped = _stamp(output, path, stamping)
    return MadeAnchor(
        path=path, list=anchors, tokens=tuple(tokens), problems=tuple(problems), unstamped=tuple(unstamped)
    )


def _survey(folder: Path) -> Survey:
    try:
        return survey(folder)
    except OSError as error:
        raise UsageError(f"{folder} is no folder that can be read: {error.strerror}") from error


def _lost_since(output: Path, surveys: Sequence[Survey]) -> list[str]:
    """Compare with the newest list in *output*: what was anchored must still be there."""
    lists = sorted(output.glob(_PATTERN))
    if not lists:
        return []
    try:
        before: Anchor = read_anchor(lists[-1])
    except (EvidenceError, OSError) as error:
        return [f"{lists[-1].name}: {error}"]
    found = {number: paths for each in surveys for number, paths in each.folders.items()}
    lost = []
    for case in (case for vault in before.list.vaults for case in vault.cases):
        paths = found.get(case.number, [])
        if not paths:
            lost.append(f"the case {case.number} is gone, which {before.name} has")
        elif not any(links_contain(path, case) for path in paths):
            lost.append(f"the log of {case.number} has lost its event {case.events}, which {before.name} has")
    return lost


def _stamp(output: Path, new: Path, stamping: Stamping) -> tuple[list[tuple[Path, Token]], list[str]]:
    """Stamp the *new* list, then those in *output* that have no stamp; return tokens, and why others are pending."""
    tokens: list[tuple[Path, Token]] = []
    problems: list[str] = []
    for path in (new, *(old for old in sorted(output.glob(_PATTERN)) if old != new and not token_paths(old))):
        names = [f"{path.name}.tsr" if n == 1 else f"{path.name}-{n}.tsr" for n in range(1, len(stamping.tsa) + 1)]
        missing = {name: url for name, url in zip(names, stamping.tsa, strict=True) if not (output / name).exists()}
        digest = sha256_bytes(path.read_bytes())
        for name, reply in zip(missing, stamp_all([*missing.values()], digest), strict=True):
            if isinstance(reply, TimestampError):
                problems.append(f"{path.name}: {reply}")
            else:
                write_new(output / name, reply)
                tokens.append((output / name, read_reply(reply, digest, certificates_inside(reply))))
        if problems:
            break  # authorities that do not answer now would be waited for again
    return tokens, problems
