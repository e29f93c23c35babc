"""What the file of `oidc-server apply` says of upstreams."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from oidc_server.federation import definition
from oidc_server.federation.definition import LdapUpstream, OAuth2Upstream, OidcUpstream, Upstream

_NOT_KEPT = {"slug", "client_secret", "bind_password", "enabled"}


class _Secret(BaseModel):
    """What an entry has that doesn't stand in the upstream's definition."""

    client_secret: str | None = Field(default=None, min_length=1, max_length=1024, repr=False)
    """What the upstream has given you; kept sealed under the master key."""
    enabled: bool = True


class OidcUpstreamEntry(_Secret, OidcUpstream):
    """An OpenID provider."""

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        _check_secret(self)
        return self


class OAuth2UpstreamEntry(_Secret, OAuth2Upstream):
    """An OAuth server whose API tells who somebody is, such as GitHub."""

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        _check_secret(self)
        return self


class LdapUpstreamEntry(LdapUpstream):
    """An LDAP server or Active Directory."""

    bind_password: str | None = Field(default=None, min_length=1, max_length=1024, repr=False)
    """The password of `bind_dn`; kept sealed under the master key."""
    enabled: bool = True

    @property
    def client_secret(self) -> str | None:
        """What we prove ourselves with there."""
        return self.bind_password

    @model_validator(mode="after")
    def _password_fits(self) -> Self:
        if (self.bind_dn is None) != (self.bind_password is None):
            raise ValueError("bind_dn and bind_password belong together")
        return self


AnyEntry = OidcUpstreamEntry | OAuth2UpstreamEntry | LdapUpstreamEntry
UpstreamEntry = Annotated[AnyEntry, Field(discriminator="kind")]


def about(entry: AnyEntry) -> Upstream:
    """The upstream's definition alone."""
    return definition.read(entry.slug, entry.model_dump(mode="json", exclude=_NOT_KEPT, exclude_unset=True))


def _check_secret(entry: OidcUpstreamEntry | OAuth2UpstreamEntry) -> None:
    needs_secret = entry.token_endpoint_auth_method != "none"
    if needs_secret and entry.client_secret is None:
        raise ValueError(f"client_secret is missing for token_endpoint_auth_method {entry.token_endpoint_auth_method}")
    if not needs_secret and entry.client_secret is not None:
        raise ValueError("client_secret is not for token_endpoint_auth_method none")
