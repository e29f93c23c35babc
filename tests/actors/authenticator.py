"""An authenticator: makes passkeys and answers challenges as a browser and a security key would together."""

import json
import os
import re
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from oidc_server.foundation.encoding import b64url, from_b64url
from tests.actors.browser import Page

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def options(page: Page) -> dict[str, Any]:
    """What a page asks an authenticator for."""
    found = re.search(r'data-options="([^"]*)"', page.response.text)
    assert found is not None, page.text
    asked: dict[str, Any] = json.loads(unescape(found[1]))
    return asked


@dataclass
class Authenticator:
    """Holds one passkey."""

    origin: str = "https://id.example.com"
    rp_id: str = "id.example.com"
    knows_its_owner: bool = True
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: str = ""
    counter: int = 0
    counts: bool = False

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def create(self, page: Page) -> str:
        """Make a passkey for whoever this page is shown to."""
        asked = options(page)
        self.user_handle = asked["user"]["id"]
        data = (
            self._data(WITH_KEY) + bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + self._public()
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", asked["challenge"])
        return self._written({"clientDataJSON": client_data, "attestationObject": attestation}, transports=["internal"])

    def answer(self, page: Page) -> str:
        """Sign what this page asks for."""
        self.counter += 1 if self.counts else 0
        data = self._data()
        client_data = self._client_data("webauthn.get", options(page)["challenge"])
        signature = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature}
        return self._written(parts, userHandle=self.user_handle)

    def _data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.knows_its_owner else 0)
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _written(self, parts: dict[str, bytes], **others: Any) -> str:
        response = {name: b64url(part) for name, part in parts.items()}
        credential_id = b64url(self.credential_id)
        return json.dumps(
            {"id": credential_id, "rawId": credential_id, "type": "public-key", "response": {**response, **others}}
        )


def challenge_of(page: Page) -> bytes:
    """The challenge that a page shows."""
    return from_b64url(options(page)["challenge"])
