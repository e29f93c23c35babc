"""Settings of the protocol: keys, lifetimes, strictness, registration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from oidc_server.settings.kinds import Duration, Group, ResponseTypes, Scopes


class KeySettings(Group):
    """What tokens are signed with."""

    dir: Path = Path("keys")
    """The folder of the master key, `master.key`, which only its owner may read."""
    rotate_every: Duration = timedelta(days=90)
    """How long a signing key signs before the next one takes over by itself."""
    announced_for: Duration = timedelta(hours=1)
    """How long a new key stands in the JWKS before it signs; at least as long as `OIDC_KEYS_CACHED_FOR`."""
    cached_for: Duration = timedelta(minutes=10)
    """How long relying parties may keep the JWKS (its `Cache-Control: max-age`)."""


class LifetimeSettings(Group):
    """How long things live."""

    authorization_code: Duration = timedelta(minutes=1)
    """A code from /authorize; long enough for one redirect."""
    access_token: Duration = timedelta(minutes=10)
    """An access token; a resource server that checks it without asking us trusts it this long."""
    id_token: Duration = timedelta(minutes=10)
    """An ID token; it tells of one sign-in and is checked once."""
    device_code: Duration = timedelta(minutes=10)
    """A device code and its user code; long enough to find a browser, sign in and type eight letters."""
    refresh_token: Duration = timedelta(days=90)
    """A grant's refresh tokens, counted from the first one; then the person signs in again."""
    refresh_token_idle: Duration = timedelta(days=30)
    """A refresh token that nobody uses."""
    refresh_retry: Duration = timedelta(seconds=10)
    """How long the previous refresh token, sent again, gets the same successor, for an answer that was lost."""
    session: Duration = timedelta(days=7)
    """A browser session, counted from the sign-in."""
    session_idle: Duration = timedelta(hours=12)
    """A browser session that nobody uses."""
    fresh_sign_in: Duration = timedelta(minutes=10)
    """A sign-in is recent enough for so long to change how one signs in; after that the person proves again who they are."""
    interaction: Annotated[Duration, Field(le=timedelta(hours=2))] = timedelta(hours=1)
    """An authorization request that waits while a person signs in, at most 2h; later it starts afresh."""


class ProtocolSettings(Group):
    """How strict the protocol is; what is relaxed stands in the log at every start."""

    require_pkce: bool = True
    """Demand PKCE of confidential clients too; a client's own `require_pkce` overrides it. Public clients always need it."""
    request_encryption: bool = False
    """Publish keys to which clients may encrypt request objects; they rotate with the others."""
    request_uri: bool = False
    """Take request objects by reference: they are fetched from the `request_uris` that their client registered."""


class RegistrationSettings(Group):
    """How clients register themselves."""

    mode: Literal["off", "initial_access_token", "open"] = "off"
    """Who may register a client at /register: nobody, who shows a token that an operator made, or everybody."""
    per_address: int = Field(default=20, ge=1)
    """Clients that may be registered from one address (IPv6: one /64 network) in an hour."""
    max_clients: int = Field(default=1000, ge=1)
    """Clients that registered themselves and are there at a time; then no more are taken."""
    unused_for: Duration = timedelta(days=90)
    """A client that registered itself and that nobody has used for so long is removed."""
    scopes: Scopes = ("openid", "profile", "email", "address", "phone", "offline_access")
    """Scopes, separated by commas, that such a client may ask for."""
    response_types: ResponseTypes = ("code",)
    """Response types, separated by commas, that such a client may use; operators give a client others in the apply file."""
    software_statement_keys_file: Path | None = None
    """A JSON file of those whose software statements are believed: `{"ISSUER": {"keys": [...]}}`, public keys only."""
