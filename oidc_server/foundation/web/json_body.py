"""JSON bodies, read strictly."""

from typing import Any

from starlette.requests import Request

from oidc_server.foundation import strict_json
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable

MEDIA_TYPE = "application/json"


async def read(request: Request) -> dict[str, Any]:
    """The object in a request's body; BadRequest if it is none or can't be read."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise BadRequest(f"The body must be {MEDIA_TYPE}, received {printable(media_type) or 'no Content-Type'}.")
    return strict_json.parse(await request.body())
