"""The witness: a relay that another body runs on its own machine, and that signs what passed (``docs/witness.md``).

It holds the other end of `evidence_kit.wire.witness.channel`. It sees host names and ciphertext, keeps digests, counts
and times of them in a log of its own, and nothing of the ciphertext itself.
"""
