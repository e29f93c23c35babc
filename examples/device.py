"""A program without a browser of its own: it shows a code, and its person says yes elsewhere (RFC 8628); httpx2 and segno.

python device.py
"""

import os
import sys
import time
from typing import Any

import httpx2
import segno

ISSUER = os.environ.get("ISSUER", "http://localhost:8000")
CLIENT_ID = os.environ.get("CLIENT_ID", "demo-device")
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


def show(begun: dict[str, Any]) -> None:
    """Show the code, and a QR code of the address that has it filled in."""
    print(f"Open {begun['verification_uri']} and enter the code {begun['user_code']}, or scan this:\n")
    segno.make(begun["verification_uri_complete"], error="m").terminal(compact=True)
    print(f"\n{begun['verification_uri_complete']}\n")


def wait(http: httpx2.Client, endpoint: str, begun: dict[str, Any]) -> dict[str, Any]:
    """The tokens, once the person has said yes; asks no more often than it may (RFC 8628 §3.5)."""
    form = {"grant_type": GRANT_TYPE, "device_code": begun["device_code"], "client_id": CLIENT_ID}
    interval, deadline = begun.get("interval", 5), time.monotonic() + begun["expires_in"]
    while time.monotonic() < deadline:
        time.sleep(interval)
        try:
            response = http.post(endpoint, data=form)
        except httpx2.TransportError:
            interval *= 2
            continue
        answer: dict[str, Any] = response.json()
        if response.status_code == 200:
            return answer
        if answer["error"] == "slow_down":
            interval += 5
        elif answer["error"] not in ("authorization_pending", "temporarily_unavailable"):
            sys.exit(answer["error_description"])
    sys.exit("The code has expired.")


def main() -> None:
    """Begin, wait, and greet whoever said yes."""
    with httpx2.Client(timeout=10) as http:
        server = http.get(f"{ISSUER}/.well-known/openid-configuration").json()
        asked = {"client_id": CLIENT_ID, "scope": "openid profile offline_access"}
        begun = http.post(server["device_authorization_endpoint"], data=asked).raise_for_status().json()
        show(begun)
        tokens = wait(http, server["token_endpoint"], begun)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        person = http.get(server["userinfo_endpoint"], headers=bearer).json()
    print(f"Hello {person['name']}.")


if __name__ == "__main__":
    main()
