"""Client metadata: the members of RFC 7591 §2 and OpenID Connect Dynamic Client Registration §2 that we know, checked."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from oidc_server.clients import redirect_uris

IDENTITY_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")

GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
]
ResponseType = Literal["code"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]


def _scope(value: str) -> str:
    """A scope as RFC 6749 §3.3 writes it: printable ASCII without quotes or backslashes, parted by single spaces."""
    tokens = value.split(" ")
    if not all(
        token and all("!" <= character <= "~" and character not in '"\\' for character in token) for token in tokens
    ):
        raise ValueError("scope must be names parted by single spaces (RFC 6749 §3.3)")
    return " ".join(dict.fromkeys(tokens))


def _displayable(value: str) -> str:
    if any(
        ord(character) < 32
        or 127 <= ord(character) < 160
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for character in value
    ):
        raise ValueError("must hold no control characters")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return value


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_displayable)]
Scope = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_scope)]
Uri = Annotated[str, Field(min_length=1, max_length=2048)]
WebAddress = Annotated[Uri, AfterValidator(_web_address)]


class ClientMetadata(BaseModel):
    """A client's registration; pass `{"development": bool}` as validation context when it is new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_name: Name | None = None
    """What people read on the consent page; the client_id if there is none."""
    client_uri: WebAddress | None = None
    """The application's home page."""
    application_type: Literal["web", "native"] = "web"
    """`native` clients may use loopback redirect URIs with any port, and private-use schemes (RFC 8252)."""
    redirect_uris: tuple[Uri, ...] = ()
    post_logout_redirect_uris: tuple[Uri, ...] = ()
    """Where people may be sent after they signed out (OpenID Connect RP-Initiated Logout §3.1)."""
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[ResponseType, ...] | None = None
    """By default `code` for clients that use it, else none."""
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    scope: Scope = " ".join(IDENTITY_SCOPES)
    """What the client may ask for, parted by spaces."""
    skip_consent: bool = False
    """A first-party application: people are not asked whether they allow it."""

    @model_validator(mode="after")
    def _hold_together(self, info: ValidationInfo) -> Self:
        development = bool((info.context or {}).get("development"))
        for member in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(self, member):
                try:
                    redirect_uris.check(uri, application_type=self.application_type, development=development)
                except ValueError as error:
                    raise ValueError(f"{member}: {error}, received {uri!r}") from error
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("redirect_uris must hold at least one URI for the grant type authorization_code")
        if self.is_public and "client_credentials" in self.grant_types:
            raise ValueError(
                "client_credentials is for clients that authenticate, not for token_endpoint_auth_method none (RFC 6749 §4.4)"
            )
        if self.response_types and "authorization_code" not in self.grant_types:
            raise ValueError(
                "response_types holds 'code', which needs the grant type authorization_code (RFC 7591 §2.1)"
            )
        return self

    @property
    def is_public(self) -> bool:
        """Whether the client can't keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    def document(self) -> dict[str, Any]:
        """The members that were given or differ from their default, as JSON."""
        return self.model_dump(mode="json", exclude_defaults=True)
