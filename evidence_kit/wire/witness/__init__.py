"""Another body's relay: the words that pass between it and the kit, our end of them, and what it signs.

The kit's own relay spools every connection as ever, and makes it through the witness, inside TLS in which both sides
know each other (`evidence_kit.trust.channel`). ``docs/witness.md`` is for the other body.
"""
