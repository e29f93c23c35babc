"""Descriptions: what a project may say of a client of its own, and what it never may."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from oidc_server.clients import called_addresses, dynamic
from oidc_server.clients.dynamic import Unacceptable
from oidc_server.clients.metadata import ACCOUNT_SCOPE, ClientMetadata
from oidc_server.foundation.languages import N_, Text
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed
from oidc_server.projects.refusals import ProjectRefused
from oidc_server.settings.model import Settings

#: What is told of a client besides its metadata; whoever sends back what they read sends these, too.
OURS = frozenset({"client_id", "created_at", "is_enabled", "client_secret"})
_UNACCEPTABLE = N_("This can't be registered: %(why)s")


@dataclass(frozen=True)
class Descriptions:
    """Reads descriptions of clients within the limits of those that register themselves."""

    settings: Settings
    outbound: Outbound
    auth_methods: Collection[str]

    def read(self, document: Mapping[str, Any], *, may_keep: Collection[str] = ()) -> ClientMetadata:
        """The client that is described; ProjectRefused says what is wrong. Call it inside `Database.run`, in no transaction."""
        sent = {name for name, value in document.items() if value is not None}
        if unknown := sorted(sent - OURS - set(dynamic.known(document))):
            raise _refused(f"{unknown[0]} can't be set", unknown[0])
        try:
            metadata = self._read(document, may_keep)
            called_addresses.check(self.outbound, metadata)
        except Unacceptable as error:
            raise _refused(error.told, error.member) from error
        except (ValueError, TimeoutError, OutboundFailed) as error:
            raise _refused(str(error), None) from error
        return metadata

    def _read(self, document: Mapping[str, Any], may_keep: Collection[str]) -> ClientMetadata:
        """Nobody but an operator lets a client see to accounts."""
        registration = self.settings.registration
        return dynamic.read(
            {name: value for name, value in document.items() if name not in OURS},
            {},
            scopes=[scope for scope in registration.scopes if scope != ACCOUNT_SCOPE],
            response_types=registration.response_types,
            auth_methods=self.auth_methods,
            may_keep=[scope for scope in may_keep if scope != ACCOUNT_SCOPE],
            development=self.settings.development,
        )


def _refused(why: str, field: str | None) -> ProjectRefused:
    return ProjectRefused(Text(_UNACCEPTABLE, why=why), field=field)
