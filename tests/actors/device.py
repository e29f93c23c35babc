"""A device: no browser, no keyboard, and all the time in the world (RFC 8628)."""

from dataclasses import dataclass

import httpx2

from tests.actors.relying_party import RelyingParty, Tokens
from tests.factories import DEVICE_CODE


@dataclass(frozen=True)
class Begun:
    """What a device was told when it began."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class Device:
    """Begins, shows a code, and asks again and again."""

    def __init__(self, party: RelyingParty) -> None:
        self.party = party

    async def ask(self, **values: str | None) -> httpx2.Response:
        """Send a device authorization request."""
        return await self.party.post("/device_authorization", **{"scope": "openid profile", **values})

    async def begin(self, **values: str | None) -> Begun:
        """Get a code to keep and a code to show."""
        response = await self.ask(**values)
        assert response.status_code == 200, response.text
        return Begun(**response.json())

    async def poll(self, device_code: str, **values: str | None) -> Tokens:
        """Ask for the tokens."""
        return await self.party.ask(DEVICE_CODE, **{"device_code": device_code, **values})
