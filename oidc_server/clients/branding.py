"""Branding of a client: what an operator lets the pages look like that people see on their way to it."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from oidc_server.foundation import accents
from oidc_server.foundation.printable import displayable
from oidc_server.settings.pages import Colour

Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(displayable)]
#: A file's name and nothing that leads elsewhere.
LogoName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*\.(svg|png|jpg|jpeg|webp)$", max_length=100)]


class Branding(BaseModel):
    """The members of `branding`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    """What the pages are called; the client's name if there is none."""
    logo: LogoName | None = None
    """A file of `OIDC_BRANDING_LOGOS_DIR` that stands above the pages."""
    accent: Colour | None = None
    """The colour of links and buttons, `#rrggbb`; it must stand out from a light page (WCAG 2.2 AA, 4.5:1)."""
    accent_dark: Colour | None = None
    """The same in the dark; by default `accent`, where that can be read on a dark page too."""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        accents.check(self.accent, self.accent_dark)
        return self


def _check(value: dict[str, Any]) -> dict[str, str]:
    """The members as they are kept."""
    try:
        return Branding.model_validate(value).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(["branding", *(str(part) for part in first["loc"])])
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error


#: Kept as plain JSON: what was checked when it was written is not checked again.
KeptBranding = Annotated[dict[str, Any], AfterValidator(_check), WithJsonSchema(Branding.model_json_schema())]
