"""age files (C2SP, age-encryption.org/v1): content that only the holders of the recipients' keys can read.

Written as the content comes, so nothing of it need ever lie in plain, and read from any place, each 64 KiB checked
before it is given out. The ``age`` program opens what is written here, and the other way round.
"""

from evidence_kit.trust.age.header import INTRO as AGE_MAGIC
from evidence_kit.trust.age.keys import Identity, Recipient, read_identities, write_identity
from evidence_kit.trust.age.payload import payload_size
from evidence_kit.trust.age.reader import AgeReader, measure_age, open_age
from evidence_kit.trust.age.writer import AgeWriter, encrypt, encrypted_size

__all__ = [
    "AGE_MAGIC",
    "AgeReader",
    "AgeWriter",
    "Identity",
    "Recipient",
    "encrypt",
    "encrypted_size",
    "measure_age",
    "open_age",
    "payload_size",
    "read_identities",
    "write_identity",
]
