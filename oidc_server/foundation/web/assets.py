"""Assets: style sheets, scripts and pictures, served from memory under names that change with their content."""

import gzip
import mimetypes
from collections.abc import Iterable
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
    """Every file of one folder, and what was made besides."""

    def __init__(self, folder: Path, base_path: str, more: Iterable[Asset] = ()) -> None:
        self._base = f"{base_path}/assets/"
        found = [*(_load(path) for path in sorted(folder.iterdir()) if path.is_file()), *more]
        self._by_name = {asset.name: asset for asset in found}
        self._urls = {asset.name: self._base + _versioned(asset) for asset in found}
        self._by_version = {_versioned(asset): asset for asset in found}

    def url(self, name: str) -> str:
        """Where a browser finds this file, for ever."""
        return self._urls[name]

    async def show(self, request: Request) -> Response:
        """Send one file."""
        asset = self._by_version.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.compressed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(asset.content, media_type=asset.media_type, headers=headers)


def made(name: str, content: bytes, media_type: str) -> Asset:
    """An asset of this content."""
    compressed = gzip.compress(content, mtime=0) if Path(name).suffix in _COMPRESSED else None
    return Asset(name, media_type, content, compressed)


def _load(path: Path) -> Asset:
    return made(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _versioned(asset: Asset) -> str:
    stem, _, suffix = asset.name.rpartition(".")
    return f"{stem}.{b64url(sha256(asset.content).digest()[:9])}.{suffix}"
