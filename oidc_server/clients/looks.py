"""The looks of a client's pages, as its registration has them."""

from oidc_server.clients.registry import Client
from oidc_server.foundation import languages, looks
from oidc_server.foundation.looks import Look


def wear(client: Client | None) -> None:
    """Let the pages of the request at hand look as this client's do, if it is a client that they are for."""
    if client is not None:
        looks.wear(_look(client))


def _look(client: Client) -> Look:
    """Like ours, but for what an operator gave it."""
    given = client.metadata.branding
    if not given:
        return Look(client.client_id)
    named = given if "name" in given else {"name": client.in_language(languages.spoken().tag).name, **given}
    return Look(client.client_id, **named)
