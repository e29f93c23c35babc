"""Resource servers: the APIs that accept our access tokens, and the scopes that each one knows."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.clients.metadata import IDENTITY_SCOPES
from oidc_server.clients.models import ResourceRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.changes import Changes, Kept
from oidc_server.foundation.database import Database


@dataclass(frozen=True)
class Resources:
    """Every resource server."""

    of_scope: dict[str, str]
    """The resource that each scope belongs to."""
    words: dict[str, str]
    """The words in which a person is asked for a scope, where its resource has some."""
    askers: dict[str, str]
    """The client as which each resource asks us about tokens, where it named one."""

    @property
    def scopes(self) -> frozenset[str]:
        """Every resource server's scopes."""
        return frozenset(self.of_scope)

    def audience(self, scopes: frozenset[str] | set[str]) -> list[str]:
        """The resource servers that these scopes speak to, sorted."""
        return sorted({self.of_scope[scope] for scope in scopes if scope in self.of_scope})


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
            rows = connection.execute(select(ResourceRow.resource, ResourceRow.scopes, ResourceRow.client_id)).all()
        of_scope = {scope: row.resource for row in rows for scope in row.scopes}
        words = {scope: text for row in rows for scope, text in row.scopes.items() if text}
        return Resources(of_scope, words, {row.resource: row.client_id for row in rows if row.client_id})


def put(session: Session, resource: str, scopes: dict[str, str], client_id: str | None) -> None:
    """Register a resource server or change it; ValueError if one of its scopes belongs to another."""
    for other in session.scalars(select(ResourceRow).where(ResourceRow.resource != resource)):
        if taken := sorted(set(other.scopes) & set(scopes)):
            raise ValueError(f"the scope {taken[0]!r} belongs to the resource {other.resource!r} already")
    if taken := sorted(set(IDENTITY_SCOPES) & set(scopes)):
        raise ValueError(f"the scope {taken[0]!r} is OpenID Connect's own")
    session.merge(ResourceRow(resource=resource, scopes=scopes, client_id=client_id, updated_at=clock.now()))
    session.flush()
    changes.announce(session)


def list_all(session: Session) -> list[ResourceRow]:
    """Every resource server, by URI."""
    return list(session.scalars(select(ResourceRow).order_by(ResourceRow.resource)))
