"""Options that several commands share: the same name means the same thing everywhere.

Help is named here by its key in ``templates/cli``; `app` puts the sentences in.
"""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

CaseOption: TypeAlias = Annotated[
    Path | None, typer.Option("--case", metavar="DIR", envvar="EVIDENCE_KIT_CASE", help="option.case")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="option.json")]
PassphraseOption: TypeAlias = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="option.passphrase-file")
]
PurposeOption: TypeAlias = Annotated[str, typer.Option("--purpose", metavar="TEXT", help="option.act-purpose")]
AuthorityOption: TypeAlias = Annotated[str, typer.Option("--authority", metavar="TEXT", help="option.authority")]
PlaceOption: TypeAlias = Annotated[str, typer.Option("--place", metavar="TEXT", help="option.place")]
NoteOption: TypeAlias = Annotated[str, typer.Option("--note", metavar="TEXT", help="option.note")]
SubjectsOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--subject", metavar="V-01,…", help="option.subject")
]
ProvidedByOption: TypeAlias = Annotated[str, typer.Option("--provided-by", metavar="TEXT", help="option.provided-by")]
DeviceOption: TypeAlias = Annotated[str, typer.Option("--device", metavar="TEXT", help="option.device")]
StatementOption: TypeAlias = Annotated[str, typer.Option("--statement", metavar="TEXT", help="option.statement")]
ConsentOption: TypeAlias = Annotated[str, typer.Option("--consent", metavar="TEXT", help="option.consent")]
OneRecipientOption: TypeAlias = Annotated[bool, typer.Option("--one-recipient", help="option.one-recipient")]
KeyOption: TypeAlias = Annotated[list[Path] | None, typer.Option("--key", metavar="FILE", help="option.evidence-key")]
KeyPassphraseOption: TypeAlias = Annotated[
    Path | None, typer.Option("--key-passphrase-file", metavar="FILE", help="option.key-passphrase-file")
]
HashListOption: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--hash-list", metavar="FILE", help="option.hash-list")
]
SealOption: TypeAlias = Annotated[bool, typer.Option("--seal", help="option.seal")]
SensitiveOption: TypeAlias = Annotated[bool, typer.Option("--sensitive", help="option.sensitive")]
