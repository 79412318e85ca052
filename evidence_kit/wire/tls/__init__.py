"""Recorded TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446), opened offline with the browser's key log and verified.

`connection.open_tls` is the way in. `keylog` reads the secrets, `records` cuts a stream into records, `ciphers` open
them, `channel` gives one side's messages and content in order, `handshake13` and `handshake12` follow the two
handshakes, `signatures` and `schedule` hold what is computed, `sessions` links a resumed connection to the handshake in
which the server signed, `findings` says what was verified, and `content` yields the plain streams again.

What was altered, torn or cut never raises: it becomes a finding, and no byte that its tag does not vouch for comes out.
TLS proves the server to those who hold the key log honestly, and to nobody else: with the secrets, records can be
written anew so that every check here passes. Hash the recording and the key log at once.
"""
