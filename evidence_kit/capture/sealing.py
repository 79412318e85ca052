"""Seal a page as it is captured: everything in plain lies in memory, and only age files come into the case.

Its address is in the custody log as a salted commitment alone, with the salt among what only the recipients can open:
so the log binds to it before the browser goes anywhere, and tells nobody where the material is. When the capture is
interrupted what was recorded is removed, not kept for later: it would lie about in plain.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.browser.keeper import kept
from evidence_kit.canonical import Json
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.case import sealed
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.durable import write_new
from evidence_kit.case.items import ItemFile, ItemRecord, drop_empty_folders
from evidence_kit.case.manifest import NAME, build_manifest, read_manifest
from evidence_kit.case.memory import folder_in_memory
from evidence_kit.case.sealing import encase, encased_files
from evidence_kit.case.workplace import Workplace
from evidence_kit.errors import CaseError
from evidence_kit.models import Digest, OnStep
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.digests import sha256_bytes

_TIMES = 6
"""How many times as much as may pass must be free in memory: it is recorded, read, and packed, beside the browser's."""
_LEAST = 16 * 1024 * 1024
"""Bytes that a capture must be able to take."""
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
"""Variables by which POSIX and Windows name the folder for temporary files."""
_START_TOKEN_FILE = ItemFile(path=START_TOKEN, role="start-token", media_type="application/timestamp-reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """To whom a page is sealed, and where it lies until then."""

    recipients: tuple[Recipient, ...]
    memory: Path
    """A folder whose files lie in memory (case/memory.py)."""
    salt: bytes = field(default_factory=lambda: os.urandom(sealed.SALT_BYTES))

    def renewed(self) -> "Sealing":
        """Return the same with another salt: what tells the address of one page must tell nothing of another's."""
        return replace(self, salt=os.urandom(sealed.SALT_BYTES))

    def beginning(self, url: str) -> dict[str, Json]:
        """Return what the event that begins the capture says in the place of *url*."""
        commitment = str(sealed.address_commitment(self.salt, url))
        recipients: list[Json] = [str(recipient) for recipient in self.recipients]
        return {"url": "", "address_commitment": commitment, "sealed": True, "recipients": recipients}

    def fitted(self, options: CaptureOptions) -> CaptureOptions:
        """Return *options* as they are for what is sealed; raises `CaseError` when too little memory is free."""
        most = shutil.disk_usage(self.memory).free // _TIMES
        if most < _LEAST:
            message = f"too little memory is free in {self.memory} to capture a page there: {most * _TIMES} bytes"
            raise CaseError(message, hint=f"end other programs until {_LEAST * _TIMES} bytes are free")
        return replace(options, pictures=False, sensitive=False, max_bytes=min(options.max_bytes, most))

    def unnamed(self, url: str, on_step: OnStep) -> OnStep:
        """Return *on_step* without *url* in what it tells: what goes to a terminal is kept in its files, too."""
        return lambda step: on_step(step.replace(url, "the page"))

    @contextmanager
    def room(self, place: Workplace) -> Iterator[Workplace]:
        """Give a place in memory for what becomes the item of *place*, and for whatever is temporary meanwhile.

        It is removed when the block is left, and when this process is killed. Raises `CaseError` where memory or the
        disk of the case is full.
        """
        try:
            with folder_in_memory(self.memory) as folder, kept(folder), _only_in(folder):
                work = Workplace(item=place.item, folder=folder / "item", recording=folder / "recording")
                for path in (work.folder, work.recording):
                    path.mkdir(mode=0o700)
                yield work
        except OSError as error:
            message = f"the page could not be sealed, and nothing of it was kept: {error.strerror or error}"
            hint = f"see to room in {self.memory} and on the disk of the case, then run the command again"
            raise CaseError(message, hint=hint) from error

    def seal(self, record: ItemRecord, work: Workplace, place: Workplace, *, on_step: OnStep) -> ItemRecord:
        """Encrypt the captured item of *record* from *work* into *place*; return the record that stays in plain.

        Raises `CaseError`, `IntegrityError`, `OSError`.
        """
        drop_empty_folders(work.folder)
        write_new(work.folder / "item.json", canonical.pretty(record.to_json(work.folder)))
        manifest = build_manifest(work.folder)
        write_new(work.folder / NAME, manifest)
        listed: dict[str, Digest] = {**read_manifest(manifest), NAME: sha256_bytes(manifest)}
        # Of a capture that failed at its start some files may be there already.
        shutil.rmtree(place.folder)
        (place.folder / sealed.FOLDER).mkdir(parents=True)
        told: dict[str, Json] = {"address": record.url, "address_salt": self.salt.hex()}
        register = encase(work.folder, place.folder, listed, self.recipients, told=told, on_step=on_step)
        files = encased_files(register)
        if (work.folder / START_TOKEN).is_file():
            shutil.copyfile(work.folder / START_TOKEN, place.folder / START_TOKEN)
            files = (*files, _START_TOKEN_FILE)
        return replace(
            record,
            url="",
            final_url="",
            # What a problem or a flag names may tell of the content.
            problems=tuple(replace(problem, detail="") for problem in record.problems),
            files=files,
            detail={
                "flags": [{"code": code, "detail": ""} for code in (sealed.FLAG, "sensitive", *_flags(record))],
                "address_commitment": str(sealed.address_commitment(self.salt, record.url)),
                **({"not_before": record.detail["not_before"]} if "not_before" in record.detail else {}),
            },
        )


def _flags(record: ItemRecord) -> list[str]:
    return [str(flag.get("code")) for flag in sealed.objects(record.detail.get("flags"))]


@contextmanager
def _only_in(folder: Path) -> Iterator[None]:
    """Have this process and the browser that it starts lay nothing of the page on a disk while the block runs."""
    settings = folder / "settings"
    settings.mkdir()
    # Chromium lays the beginning of a download there before it hears that downloads are refused. The folder that the
    # `xdg-user-dirs` of Linux name is all that it asks for; elsewhere nothing leads it to another.
    (settings / "user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="{folder}"\n', encoding="utf-8")
    ours = tempfile.tempdir
    led = {**dict.fromkeys(_TEMPORARY, str(folder)), "XDG_CONFIG_HOME": str(settings)}
    before = {name: os.environ.get(name) for name in led}
    tempfile.tempdir = str(folder)
    os.environ.update(led)
    try:
        with _no_dumps():
            yield
    finally:
        tempfile.tempdir = ours
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_dumps() -> Iterator[None]:
    """Have the system write no memory of a process that crashes into a file, as far as it asks the process."""
    if sys.platform == "win32":
        yield
        return
    import resource  # noqa: PLC0415  # Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
