"""A device's request while its person signs in and decides: an interaction that knows which code they entered."""

from dataclasses import dataclass, replace
from uuid import UUID

from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.tokens.models import DeviceRequest

PAGE = "device/confirm"


@dataclass(frozen=True)
class Entered:
    """What a person has entered on this very browser."""

    request_id: UUID
    user_code: str


def begin(request: DeviceRequest, user_code: str, browser: str) -> Interaction:
    """The interaction of a person who has just entered this request's code."""
    begun = interactions.begin({"client_id": request.client_id}, browser, page=PAGE)
    return replace(begun, proven={"request": request.id.hex, "user_code": user_code})


def entered(interaction: Interaction) -> Entered | None:
    """What the person entered; None if nothing was entered on this browser, such as when a link was opened on another."""
    proven = interaction.proven
    if interaction.page != PAGE or proven is None:
        return None
    return Entered(UUID(hex=proven["request"]), proven["user_code"])
