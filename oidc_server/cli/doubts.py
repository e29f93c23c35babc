"""What a file says and most likely doesn't mean: worth a word to the operator, and no refusal."""

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from oidc_server.cli.documents import ClientEntry
from oidc_server.clients import resources
from oidc_server.clients.metadata import OWN_SCOPES

_SHORT_SECRET = 32


def about(session: Session, clients: Iterable[ClientEntry]) -> Iterator[str]:
    """Doubts about these clients, once all of the file is written."""
    known = {*OWN_SCOPES, *(scope for one in resources.list_all(session) for scope in one.scopes)}
    for client in clients:
        if client.client_secret and len(client.client_secret) < _SHORT_SECRET:
            yield f"the client_secret of {client.client_id} is short: use {_SHORT_SECRET} random characters or more."
        for uri in client.redirect_uris:
            if "*" in uri:
                yield f"the redirect URI {uri} of {client.client_id} matches letter for letter: its * stands for itself."
        for scope in sorted(set((client.scope or "").split()) - known):
            yield f"the scope {scope} of {client.client_id} is no resource's: it is ignored until there is one."
