"""Assets: style sheets, scripts and pictures, served from memory under names that change with their content."""

import gzip
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation.encoding import b64url

_COMPRESSED = {".css", ".js", ".svg"}


@dataclass(frozen=True)
class Asset:
    """One file."""

    name: str
    media_type: str
    content: bytes
    compressed: bytes | None


class Assets:
    """Every file of one folder, what was made besides, and what can be made when it is asked for."""

    def __init__(
        self,
        folder: Path,
        base_path: str,
        more: Iterable[Asset] = (),
        make: Callable[[str], Asset | None] = lambda name: None,
    ) -> None:
        """`make` makes the asset of a name, always the same; None if there is none of that name."""
        self._base = f"{base_path}/assets/"
        found = [*(_load(path) for path in sorted(folder.iterdir()) if path.is_file()), *more]
        self._by_name = {asset.name: asset for asset in found}
        self._urls = {asset.name: self._base + _versioned(asset) for asset in found}
        self._by_version = {_versioned(asset): asset for asset in found}
        self._make = make

    def url(self, name: str) -> str:
        """Where a browser finds this file, for ever."""
        if (asset := self._make(name)) is not None:
            return self._base + _versioned(asset)
        return self._urls[name]

    async def show(self, request: Request) -> Response:
        """Send one file."""
        name = request.path_params["name"]
        asset = self._by_version.get(name) or self._made(name)
        if asset is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.compressed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    def _made(self, version: str) -> Asset | None:
        """What can be made under this very name."""
        stem, _, suffix = version.rpartition(".")
        asset = self._make(f"{stem.rpartition('.')[0]}.{suffix}")
        return asset if asset is not None and _versioned(asset) == version else None


def made(name: str, content: bytes, media_type: str) -> Asset:
    """An asset of this content."""
    compressed = gzip.compress(content, mtime=0) if Path(name).suffix in _COMPRESSED else None
    return Asset(name, media_type, content, compressed)


def _load(path: Path) -> Asset:
    return made(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _versioned(asset: Asset) -> str:
    stem, _, suffix = asset.name.rpartition(".")
    return f"{stem}.{b64url(sha256(asset.content).digest()[:9])}.{suffix}"
