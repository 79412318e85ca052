"""The case folder on disk: created, locked, committed to, read; never overwritten (docs/evidence-format.md, "Case").

`folder.CaseFolder` is the door. `commit` holds the protocol that keeps the log and the items in step through a crash.
"""
