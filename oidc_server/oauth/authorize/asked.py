"""What an authorization request asks for, as far as it has been checked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from oidc_server.clients.metadata import response_type
from oidc_server.clients.registry import Client
from oidc_server.oauth import claims_request
from oidc_server.oauth.parameters import OAuthRequest, Payload


class AuthorizationRequest(OAuthRequest):
    """An authorization request; each check writes down what it has found."""

    client: Client
    redirect_uri: str = ""
    scopes: frozenset[str] = frozenset()
    code_challenge: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    resources: frozenset[str] = frozenset()
    """The resource servers that its tokens are to be for, where it names some."""
    claims: dict[str, Any] | None = None
    """The single claims asked for, and in which languages."""
    acr_values: tuple[str, ...] = ()
    """The classes of authentication that the client wants, as far as there are such, the best first."""
    acr_is_essential: bool = False
    """Whether one of them must be reached."""
    hinted_subjects: tuple[str, ...] = ()
    """The subject that `id_token_hint` names, or those of which the claims parameter wants one; none if neither does."""

    grant_id: UUID | None = None
    """The id of the grant it may lead to, if it waited in an interaction."""
    rests_on_consent: bool = False

    def __init__(self, uri: str, values: dict[str, str], repeated: tuple[str, ...] = ()) -> None:
        super().__init__("GET", uri, values)
        self.repeated = repeated
        """Parameters that were sent more than once."""
        self.client = None  # type: ignore[assignment]  # the first check sets it

    def replace(self, values: dict[str, str]) -> None:
        """Take these parameters for those that were sent: the ones in the request object."""
        self.payload = Payload(values)

    @property
    def response_type(self) -> str:
        """What the answer is to hold, its words in order; empty if nothing was asked for."""
        return response_type(self.get("response_type") or "")

    @property
    def response_types(self) -> frozenset[str]:
        """Its words: `code`, `token`, `id_token`."""
        return frozenset(self.response_type.split())

    @property
    def response_mode(self) -> str:
        """How the answer goes back: as asked for, or as the response type demands (OAuth 2.0 Multiple Response Types §2.1)."""
        holds_tokens = not self.response_types.isdisjoint({"token", "id_token"})
        asked = self.get("response_mode")
        if asked in ("fragment", "form_post") or (asked == "query" and not holds_tokens):
            return asked
        return "fragment" if holds_tokens else "query"

    @property
    def to_allow(self) -> frozenset[str]:
        """What the person is asked to allow: scopes, and `claim:NAME` for each claim that no scope brings."""
        return self.scopes | {f"claim:{name}" for name in claims_request.beyond(self.claims, self.scopes)}

    @property
    def fresh_within(self) -> int | None:
        """Seconds since the person proved who they are, at most: 0 where they are to do so anew."""
        if self.max_age is not None:
            return int(self.max_age.total_seconds())
        return 0 if "login" in self.prompts else None

    @property
    def values(self) -> Mapping[str, str]:
        """The parameters."""
        return self.payload.data
