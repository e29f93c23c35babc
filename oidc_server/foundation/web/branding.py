"""Branding: a name, a logo, a colour and templates of an operator's own; refused at start where people could not read it.

An operator may give a client some of it too. Whose login it is, the pages tell all the same.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from oidc_server.foundation import accents
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.looks import Look
from oidc_server.foundation.web import logos
from oidc_server.foundation.web.assets import Asset, made
from oidc_server.settings.pages import BrandingSettings

_STYLE = "brand.css"
#: A client's style sheet is named by its colours: every node can make it, and nobody learns of a client by asking for it.
_CLIENT_STYLE = re.compile(r"brand-([0-9a-f]{6})?-([0-9a-f]{6})?\.css")
_STYLES_KEPT = 256
#: Where a folder of templates holds those of single clients.
_CLIENTS = "clients"


@dataclass(frozen=True)
class Brand:
    """What a page wears."""

    product_name: str
    """What the page is called: after the server, or after the client that has a look of its own."""
    logo: str | None
    """The asset that stands above it, if it isn't ours."""
    styles: tuple[str, ...]
    """The style sheets with colours, the last one wins."""
    server_name: str
    """Whose login it is."""
    is_clients: bool = False
    has_clients_logo: bool = False


class Branding:
    """What an operator made of the looks; Misconfigured if it can't be so."""

    def __init__(self, settings: BrandingSettings) -> None:
        self.templates = _templates(settings.templates_dir)
        self.client_templates = _client_templates(settings.templates_dir)
        self.assets: list[Asset] = []
        logo = self._add(_logo(settings.logo)) if settings.logo else None
        css = _colours(settings)
        styles = (self._add(made(_STYLE, css.encode(), "text/css")),) if css else ()
        self.brand = Brand(settings.product_name, logo, styles, settings.product_name)
        """The server's own."""
        self._logos = {name: self._add(asset) for name, asset in _client_logos(settings.logos_dir).items()}

    def of(self, look: Look | None) -> Brand:
        """What a page with this look wears."""
        if look is None or look.name is None:
            return self.brand
        logo, style = self._logos.get(look.logo or ""), client_style(look)
        return Brand(
            look.name,
            logo or self.brand.logo,
            (*self.brand.styles, *([style] if style else [])),
            self.brand.server_name,
            is_clients=True,
            has_clients_logo=logo is not None,
        )

    def _add(self, asset: Asset) -> str:
        self.assets.append(asset)
        return asset.name


def client_style(look: Look) -> str | None:
    """The name of the style sheet with this look's colours, if it has any."""
    light, dark = ((colour or "").removeprefix("#").lower() for colour in (look.accent, look.accent_dark))
    return f"brand-{light}-{dark}.css" if light or dark else None


@lru_cache(maxsize=_STYLES_KEPT)
def make(name: str) -> Asset | None:
    """The style sheet of this name; None if that is none, or people could not read it."""
    found = _CLIENT_STYLE.fullmatch(name)
    if found is None:
        return None
    light, dark = (f"#{digits}" if digits else None for digits in found.groups())
    try:
        accents.check(light, dark)
    except ValueError:
        return None
    return made(name, accents.sheet(light, dark).encode(), "text/css")


def _templates(folder: Path | None) -> list[Path]:
    if folder is not None and not folder.is_dir():
        raise Misconfigured(f"OIDC_BRANDING_TEMPLATES_DIR names {folder}, which is no folder.")
    return [folder] if folder else []


def _client_templates(folder: Path | None) -> dict[str, Path]:
    """Each client's own folder. What is there is listed: no path is ever made of a client's id."""
    every = folder / _CLIENTS if folder else None
    if every is None or not every.is_dir():
        return {}
    return {path.name: path for path in every.iterdir() if path.is_dir()}


def _logo(path: Path) -> Asset:
    try:
        return logos.read(path)
    except ValueError as error:
        raise Misconfigured(f"OIDC_BRANDING_LOGO names {error}.") from error


def _client_logos(folder: Path | None) -> dict[str, Asset]:
    """Logos for clients, each as an asset that is called after its file."""
    found = logos.of_clients(folder)
    return {name: made(f"logo-{name}", asset.content, asset.media_type) for name, asset in found.items()}


def _colours(settings: BrandingSettings) -> str:
    """A style sheet for the operator's colours, empty if there are none."""
    try:
        accents.check(settings.accent, settings.accent_dark, ("OIDC_BRANDING_ACCENT", "OIDC_BRANDING_ACCENT_DARK"))
    except ValueError as error:
        raise Misconfigured(str(error)) from error
    return accents.sheet(settings.accent, settings.accent_dark)
