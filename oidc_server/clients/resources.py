"""Resource servers: the APIs that accept our access tokens, and the scopes that each one knows."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.clients.metadata import OWN_SCOPES
from oidc_server.clients.models import ResourceRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.changes import Changes, Kept
from oidc_server.foundation.database import Database
from oidc_server.keys import jwt

DEFAULT = jwt.ALGORITHMS[0]
_ALL = select(
    ResourceRow.resource,
    ResourceRow.scopes,
    ResourceRow.client_id,
    ResourceRow.token_lifetime,
    ResourceRow.token_signing_alg,
)


@dataclass(frozen=True)
class Resource:
    """A resource server as its row says."""

    resource: str
    scopes: dict[str, str]
    """Each of its scopes, with the words in which a person is asked for it, if there are any."""
    client_id: str | None = None
    """The client as which it asks us about tokens, if it named one."""
    token_lifetime: int | None = None
    """Seconds that access tokens for it live, if fewer than by the settings."""
    token_signing_alg: str | None = None
    """What access tokens for it are signed with, if not RS256."""


class Resources:
    """Every resource server."""

    def __init__(self, found: Iterable[Resource]) -> None:
        self._found = {one.resource: one for one in found}
        self.of_scope = {scope: one.resource for one in self._found.values() for scope in one.scopes}
        self.words = {scope: text for one in self._found.values() for scope, text in one.scopes.items() if text}
        self.askers = {one.resource: one.client_id for one in self._found.values() if one.client_id}

    @property
    def all(self) -> frozenset[str]:
        """Their URIs."""
        return frozenset(self._found)

    @property
    def scopes(self) -> frozenset[str]:
        """Every resource server's scopes."""
        return frozenset(self.of_scope)

    def audience(self, scopes: frozenset[str] | set[str]) -> list[str]:
        """The resource servers that these scopes speak to, sorted."""
        return sorted({self.of_scope[scope] for scope in scopes if scope in self.of_scope})

    def lifetime(self, audience: Iterable[str], otherwise: timedelta) -> timedelta:
        """How long an access token for this audience lives: as the most careful of it wants, never longer than usual."""
        wanted = [one.token_lifetime for one in self._of(audience) if one.token_lifetime is not None]
        return min([otherwise, *(timedelta(seconds=seconds) for seconds in wanted)])

    def algorithm(self, audience: Iterable[str]) -> str:
        """What an access token for this audience is signed with: what all of it want, or RS256."""
        wanted = {one.token_signing_alg or DEFAULT for one in self._of(audience)}
        return wanted.pop() if len(wanted) == 1 else DEFAULT

    def _of(self, audience: Iterable[str]) -> list[Resource]:
        return [self._found[resource] for resource in audience if resource in self._found]


class ResourceRegistry:
    """The resource servers as this node keeps them in memory."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._kept: Kept[None, Resources] = Kept(changes)

    def all(self) -> Resources:
        """Every resource server; call it inside `Database.run`."""
        return self._kept.get(None, self._load)

    def _load(self) -> Resources:
        with self._database.autocommit() as connection:
            return Resources(Resource(*row) for row in connection.execute(_ALL))


def put(session: Session, one: Resource) -> None:
    """Register a resource server or change it; ValueError if one of its scopes belongs to another."""
    for other in session.scalars(select(ResourceRow).where(ResourceRow.resource != one.resource)):
        if taken := sorted(set(other.scopes) & set(one.scopes)):
            raise ValueError(f"the scope {taken[0]!r} belongs to the resource {other.resource!r} already")
    if taken := sorted(set(OWN_SCOPES) & set(one.scopes)):
        raise ValueError(f"the scope {taken[0]!r} is OpenID Connect's own")
    session.merge(ResourceRow(**asdict(one), updated_at=clock.now()))
    session.flush()
    changes.announce(session)


def list_all(session: Session) -> list[ResourceRow]:
    """Every resource server, by URI."""
    return list(session.scalars(select(ResourceRow).order_by(ResourceRow.resource)))
