"""Branding: a name, a logo, a colour and templates of an operator's own; refused at start where people could not read it."""

from pathlib import Path

from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.web import pictures
from oidc_server.foundation.web.assets import Asset, made
from oidc_server.foundation.web.colours import AA, contrast
from oidc_server.settings.pages import BrandingSettings

#: The grounds on which links stand, as style.css has them; a test holds the two together.
LIGHT = ("#ffffff", "#f5f5f7")
DARK = ("#17181e", "#0e0f13")

_SUFFIXES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_STYLE = "brand.css"


class Branding:
    """What an operator made of the looks; Misconfigured if it can't be so."""

    def __init__(self, settings: BrandingSettings) -> None:
        self.product_name = settings.product_name
        self.templates = _templates(settings.templates_dir)
        self.assets: list[Asset] = []
        self.logo: str | None = None
        """The asset that stands above each page, if it isn't ours."""
        self.style: str | None = None
        """The style sheet with the colours, if they aren't ours."""
        if settings.logo is not None:
            self.logo = self._add(_logo(settings.logo))
        if css := _colours(settings):
            self.style = self._add(made(_STYLE, css.encode(), "text/css"))

    def _add(self, asset: Asset) -> str:
        self.assets.append(asset)
        return asset.name


def _templates(folder: Path | None) -> list[Path]:
    if folder is not None and not folder.is_dir():
        raise Misconfigured(f"OIDC_BRANDING_TEMPLATES_DIR names {folder}, which is no folder.")
    return [folder] if folder else []


def _logo(path: Path) -> Asset:
    try:
        content = path.read_bytes()
        media_type = pictures.media_type(content)
    except OSError as error:
        raise Misconfigured(f"OIDC_BRANDING_LOGO names {path}, which cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Misconfigured(f"OIDC_BRANDING_LOGO names {path}, which cannot be shown: {error}.") from error
    return made(f"logo.{_SUFFIXES[media_type]}", content, media_type)


def _colours(settings: BrandingSettings) -> str:
    """A style sheet for the operator's colours, empty if there are none."""
    light, dark = settings.accent, settings.accent_dark or settings.accent
    rules = []
    if light:
        _check("OIDC_BRANDING_ACCENT", light, LIGHT, "a light page")
        rules.append(_rule(light))
    if dark:
        hint = "" if settings.accent_dark else " Set OIDC_BRANDING_ACCENT_DARK to a lighter one."
        _check(
            "OIDC_BRANDING_ACCENT_DARK" if settings.accent_dark else "OIDC_BRANDING_ACCENT",
            dark,
            DARK,
            "a dark page",
            hint,
        )
        rules.append(f"@media (prefers-color-scheme: dark) {{ {_rule(dark)} }}")
    return "\n".join(rules)


def _check(variable: str, colour: str, grounds: tuple[str, ...], page: str, hint: str = "") -> None:
    found = min(contrast(colour, ground) for ground in grounds)
    if found < AA:
        raise Misconfigured(
            f"{variable} is {colour}: on {page} its contrast is {found:.2f}, expected at least {AA} (WCAG 2.2 AA).{hint}"
        )


def _rule(accent: str) -> str:
    """Links and buttons in this colour, and on the buttons whichever of black and white can be read best."""
    label = max(("#ffffff", "#000000"), key=lambda one: contrast(one, accent))
    return f":root {{ --accent: {accent}; --action: {accent}; --action-hover: {accent}; --on-action: {label}; }}"
