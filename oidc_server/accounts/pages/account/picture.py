"""A person's picture: /account/picture takes it, /pictures/{id} shows it to whoever has its address."""

from functools import partial
from uuid import UUID

from fastapi import HTTPException, Request
from starlette.responses import Response

from oidc_server.accounts import pictures
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.foundation import images
from oidc_server.foundation.database import wait
from oidc_server.foundation.images import Images, NoPicture
from oidc_server.foundation.languages import N_, Text
from oidc_server.foundation.web import uploads
from oidc_server.foundation.web.uploads import TooLarge
from oidc_server.settings.model import Settings

PATH = "account/picture"
_FIELD = "picture"
_NONE = N_("Choose a file first.")
_TOO_LARGE = N_("This file is too large: it may have at most %(size)s MB.")
_HEADERS = {
    # A picture never changes: a new one has a new address. What was removed is in nobody's cache after a week.
    "Cache-Control": "public, max-age=604800, immutable",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Applications show it on pages of their own.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class PicturePage:
    """Takes a picture, takes it away, and shows it."""

    def __init__(self, frame: Frame, drawing: Images, settings: Settings) -> None:
        self._frame = frame
        self._drawing = drawing
        self._issuer = settings.issuer
        self._max_bytes = settings.pictures.max_bytes

    async def show_form(self, request: Request) -> Response:
        """Ask for a file."""
        return await self._frame.show(request, PATH, self._show)

    async def submit_picture(self, request: Request) -> Response:
        """Take it; nothing of a stranger's is read."""
        if await self._frame.database.run(self._frame.visitors.find, request) is None:
            return await self._frame.show(request, PATH, self._show)
        try:
            form, content = await uploads.read(request, _FIELD, self._max_bytes)
        except TooLarge:
            return await self._frame.show(request, PATH, self._refuse_size)
        return await self._frame.take(request, PATH, form, partial(self._save, content=content), self._show)

    async def remove(self, request: Request) -> Response:
        """Take it away."""
        return await self._frame.submit(request, PATH, self._remove, self._show)

    async def serve(self, request: Request) -> Response:
        """The picture itself."""
        try:
            picture_id = UUID(request.path_params["picture_id"])
        except ValueError:
            raise HTTPException(404) from None
        content = await self._frame.database.run(self._find, picture_id)
        if content is None:
            raise HTTPException(404)
        return Response(content, headers=_HEADERS, media_type=images.MEDIA_TYPE)

    def _show(self, visit: Visit, problem: str = "", status: int | None = None) -> Response:
        with self._frame.database.autocommit() as connection:
            own = pictures.of(connection, visit.person.user.id)
        return self._frame.ask(
            visit,
            "accounts/account/picture.html",
            problem=problem,
            status=status,
            uploaded=f"{pictures.PATH}/{own.id}" if own else "",
            has_picture=pictures.CLAIM in visit.person.user.claims,
            max_megabytes=self._megabytes,
            size=images.SIZE,
        )

    def _refuse_size(self, visit: Visit) -> Response:
        return self._show(visit, Text(_TOO_LARGE, size=self._megabytes), 413)

    def _save(self, visit: Visit, *, content: bytes) -> Response:
        if not content:
            return self._show(visit, _NONE)
        try:
            drawn = wait(self._drawing.draw(content))
        except NoPicture as refusal:
            return self._show(visit, refusal.told)
        with self._frame.writing(visit) as session:
            pictures.keep(session, visit.person.user.id, drawn, self._issuer)
        return self._frame.done(PATH)

    def _remove(self, visit: Visit) -> Response:
        with self._frame.writing(visit) as session:
            pictures.remove(session, visit.person.user.id)
        return self._frame.done(PATH)

    def _find(self, picture_id: UUID) -> bytes | None:
        with self._frame.database.autocommit() as connection:
            return pictures.find(connection, picture_id)

    @property
    def _megabytes(self) -> str:
        return f"{self._max_bytes / 2**20:.2g}"
