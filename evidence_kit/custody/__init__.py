"""The chain of custody: signed events, each bound to the one before (docs/evidence-format.md, "Custody log").

Events are made by a `Custodian`, kept as two text files of equal line count (`custody.jsonl`, `custody.sig`), and
checked by `chain.check_log`. Nothing here knows where a case lies; writing the files safely is the case room's
business.
"""
