"""Uploads: forms with one file in them (multipart/form-data, RFC 7578), read strictly."""

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable

MEDIA_TYPE = "multipart/form-data"
#: What a form may hold around its file.
ENVELOPE_BYTES = 16_384
_MAX_FIELDS = 10
_MAX_VALUE = 4096


class TooLarge(BadRequest):
    """The file has more bytes than are taken."""

    def __init__(self, size: int) -> None:
        super().__init__("The file is too large.", because=f"at least {size} bytes", status=413)


async def read(request: Request, name: str, max_bytes: int) -> tuple[dict[str, str], bytes]:
    """The fields of a posted form and the file called `name`, empty if none was chosen; BadRequest, TooLarge."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise BadRequest(f"The body must be {MEDIA_TYPE}, received {printable(media_type) or 'no Content-Type'}.")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > max_bytes + ENVELOPE_BYTES:
        raise TooLarge(int(declared))
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_VALUE) as form:
            return await _sorted(form.multi_items(), name, max_bytes)
    except HTTPException as error:
        raise BadRequest("The form cannot be read.", because=error.detail) from error


async def _sorted(parts: list[tuple[str, UploadFile | str]], name: str, max_bytes: int) -> tuple[dict[str, str], bytes]:
    fields: dict[str, str] = {}
    content: bytes | None = None
    for part, value in parts:
        if part in fields or (part == name and content is not None):
            raise BadRequest(f"The field {printable(part)} was sent twice, expected once.")
        if isinstance(value, str):
            fields[part] = value
        elif part != name:
            raise BadRequest(f"The field {printable(part)} was sent as a file.")
        else:
            content = await value.read()
    if content is not None and len(content) > max_bytes:
        raise TooLarge(len(content))
    return fields, content or b""
