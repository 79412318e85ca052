"""What a court already knows how to check: SHA-256, X.509, CMS (CAdES) and RFC 3161. The one home of cryptography.

No terminal, no clock, no files of a case: bytes in, bytes or facts out. Only `timestamps.fetch_reply` uses the network.
"""
