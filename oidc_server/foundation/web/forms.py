"""Forms: parameters read strictly from a query or a body (application/x-www-form-urlencoded)."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 100
MAX_VALUE = 16384


async def read(request: Request) -> dict[str, str]:
    """The fields of a posted form, each at most once; BadRequest otherwise."""
    fields: dict[str, str] = {}
    for name, value in parse(await body(request)):
        if name in fields:
            raise BadRequest(f"The field {printable(name)} was sent twice, expected once.")
        fields[name] = value
    return fields


async def body(request: Request) -> bytes:
    """The body of a posted form; BadRequest if it is of another media type. Where nothing was posted, it is an empty form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and media_type != MEDIA_TYPE:
        raise BadRequest(f"The body must be {MEDIA_TYPE}, received {printable(media_type)}.")
    posted = await request.body()
    if posted and not media_type:
        raise BadRequest(f"The body must be {MEDIA_TYPE}, received no Content-Type.")
    return posted


def parse(raw: bytes, *, max_value: int = MAX_VALUE) -> list[tuple[str, str]]:
    """Names and values in the order sent; BadRequest for what is no UTF-8, too long or holds a NUL."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeError as error:
        raise BadRequest("The parameters must be UTF-8.") from error
    except ValueError as error:
        raise BadRequest(f"The parameters must be at most {MAX_FIELDS}.") from error
    for name, value in pairs:
        if len(value) > max_value or len(name) > max_value:
            raise BadRequest(
                f"The parameter {printable(name)} has {len(value)} characters, expected at most {max_value}."
            )
        if "\0" in value or "\0" in name:
            raise BadRequest(f"The parameter {printable(name)} holds a NUL character.")
    return pairs
