"""A resource server: an API that checks our access tokens, by itself through JWKS and by asking us."""

from typing import Any

import jwt

from tests.actors.relying_party import RelyingParty
from tests.factories import API


class ResourceServer:
    """The API at `API`, which introspects as the client `api`."""

    def __init__(self, client: RelyingParty, issuer: str, audience: str = API) -> None:
        self.client = client
        self.issuer = issuer
        self.audience = audience

    async def verify(self, access_token: str) -> dict[str, Any]:
        """Check a token with PyJWT and the published keys (RFC 9068 §4); raises where PyJWT does."""
        keys = jwt.PyJWKSet.from_dict((await self.client.http.get("/jwks")).json())
        header = jwt.get_unverified_header(access_token)
        assert header["typ"] == "at+jwt"
        claims: dict[str, Any] = jwt.decode(
            access_token, keys[header["kid"]], algorithms=["RS256"], audience=self.audience, issuer=self.issuer
        )
        return claims

    async def accepts(self, access_token: str) -> bool:
        """Ask whether a token is still good today (RFC 7662)."""
        answer = await self.client.introspect(access_token)
        return bool(answer["active"])
