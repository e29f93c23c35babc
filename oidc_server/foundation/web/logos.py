"""Logos: pictures of the operator's that stand above pages, read once and served by us."""

import re
from pathlib import Path

from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.web import pictures
from oidc_server.foundation.web.assets import Asset, made

SUFFIXES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
#: What a client's logo may be called; other files of the folder are none.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.(svg|png|jpe?g|webp)")


def read(path: Path) -> Asset:
    """The logo in this file; ValueError says why it can't be shown."""
    try:
        content = path.read_bytes()
        media_type = pictures.media_type(content)
    except OSError as error:
        raise ValueError(f"{path}, which cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}, which cannot be shown: {error}") from error
    return made(f"logo.{SUFFIXES[media_type]}", content, media_type)


def of_clients(folder: Path | None) -> dict[str, Asset]:
    """The logos that clients may be given, by the names of their files; Misconfigured if one can't be shown."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise Misconfigured(f"OIDC_BRANDING_LOGOS_DIR names {folder}, which is no folder.")
    try:
        return {path.name: read(path) for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name)}
    except ValueError as error:
        raise Misconfigured(f"OIDC_BRANDING_LOGOS_DIR holds {error}.") from error
