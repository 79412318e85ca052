"""Ask a service, only if the officer named one, under which address this machine is seen outside.

The service learns that address and the time. Its answer is one address as plain text, as such services give it; it is
not signed. The request goes its own way, not through the recording.
"""

import ipaddress
import urllib.error
import urllib.request
from http.client import HTTPException

from evidence_kit.canonical import Json

SECONDS = 5.0
_LARGEST = 256


def ask_egress(url: str) -> Json:
    """Return ``address`` and ``source``, or ``why`` there is none; "not asked" without a *url*."""
    if not url:
        return "not asked"
    if not url.startswith(("http://", "https://")):
        return {"source": url, "why": "not a web address"}
    query = urllib.request.Request(url, headers={"User-Agent": "evidence_kit"})  # noqa: S310  # the scheme is checked
    try:
        with urllib.request.urlopen(query, timeout=SECONDS) as response:  # noqa: S310  # as above
            text = response.read(_LARGEST).decode("ascii").strip()
        return {"source": url, "address": str(ipaddress.ip_address(text))}
    except urllib.error.HTTPError as error:
        error.close()  # it is a response too, and would keep its connection
        return {"source": url, "why": f"it answered with HTTP status {error.code}"}
    except (OSError, HTTPException) as error:
        return {"source": url, "why": f"it could not be reached: {getattr(error, 'reason', error)}"}
    except ValueError:
        return {"source": url, "why": "its answer is not an address"}
