"""What passed on the wire between the browser and the servers, recorded as ciphertext and read offline.

`relay` copies and spools bytes while the browser works; `spool` is what it leaves; `tls` opens the records with the
browser's key log and verifies what can be verified; `http1`, `http2` and `websocket` read the plain streams. Nothing
here changes a byte, and nothing but the relay uses the network. `evidence_kit.capture` does not record this way yet.
"""
