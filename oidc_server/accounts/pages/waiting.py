"""What waits: the interaction that a page of ours was given in its URL or its form."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.clients import looks
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.settings.model import Settings


def find(
    request: Request, text: str | None, settings: Settings, sealing: Sealing, pages: Pages
) -> Interaction | Response | None:
    """The interaction that waits for this browser; or an answer that starts it afresh when it is too old or another's."""
    if not text:
        return None
    try:
        interaction = interactions.unseal(sealing, text)
    except interactions.Lost:
        return None
    browser = pages.browsers.of(request)
    if browser.is_new:
        # It keeps no cookies, or this is its first visit: sent round, it would come back like this for ever.
        return interactions.begin_again(interaction, browser.mark)
    is_ours = interaction.browser in (None, browser.mark)
    if is_ours and not interaction.has_expired(settings.lifetime.interaction.total_seconds()):
        return interaction
    return pages.go_on(f"{pages.path(interaction.page)}?{urlencode(interaction.parameters)}")


def client_of(interaction: Interaction | None, registry: Registry) -> Client | None:
    """The client that people came from, whose look this page wears; call it inside `Database.run`."""
    client_id = interaction.client_id if interaction else None
    client = registry.find(client_id) if client_id is not None else None
    looks.wear(client)
    return client
