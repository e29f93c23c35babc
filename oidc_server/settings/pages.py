"""Settings of the hosted pages: their language and their looks."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from oidc_server.settings.kinds import Group

Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class PagesSettings(Group):
    """What the pages say."""

    language: str = "en"
    """The language of people of whose own nothing is known, or none that there is: `en`, `de`, `fr`, `es`, `ja`, `ar`."""


class BrandingSettings(Group):
    """How the pages look."""

    product_name: str = Field(default="oidc-server", min_length=1, max_length=60)
    """What the pages are called: in their titles, and for those who can't see the logo."""
    logo: Path | None = None
    """An SVG, PNG, JPEG or WebP file of at most 256 KiB that stands above each page, and in the browser's tab."""
    accent: Colour | None = None
    """The colour of links and buttons, such as `#3551d3`; it must stand out from a light page (WCAG 2.2 AA, 4.5:1)."""
    accent_dark: Colour | None = None
    """The same in the dark; by default `OIDC_BRANDING_ACCENT`, where that can be read on a dark page too."""
    templates_dir: Path | None = None
    """A folder of templates taken instead of those of the same name in `templates/`; `clients/ID/` in it is for one client."""
    logos_dir: Path | None = None
    """A folder of logos that `oidc-server apply` may give to clients."""
