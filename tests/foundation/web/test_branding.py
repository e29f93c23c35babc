"""Branding: what an operator makes of the pages, and what is refused."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oidc_server.foundation import accents
from oidc_server.foundation.colours import contrast
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.web import branding, pictures
from oidc_server.foundation.web.branding import Brand, Branding
from oidc_server.foundation.web.shipped import folder
from oidc_server.settings.model import Settings
from oidc_server.settings.pages import BrandingSettings
from tests.conftest import running

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def load(**settings: Any) -> Branding:
    return Branding(BrandingSettings(**settings))


def style(**settings: Any) -> str:
    """The style sheet that these settings make."""
    return load(**settings).assets[-1].content.decode()


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#ffffff", "#777777", 4.48),
    ],
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    css = (folder("templates") / "assets" / "style.css").read_text()
    light, dark = css.split("prefers-color-scheme: dark", 1)
    for part, grounds in ((light, accents.LIGHT), (dark, accents.DARK)):
        named = [re.search(rf"--{name}: (#\w+);", part) for name in ("surface", "ground")]
        found = tuple(match[1] if len(match[1]) == 7 else f"#{match[1][1:] * 2}" for match in named if match)

        assert found == grounds


def test_nothing_is_changed_by_default() -> None:
    loaded = load()

    assert loaded.brand == Brand("oidc-server", None, (), "oidc-server")
    assert loaded.assets == []


def test_an_accent_colours_links_and_buttons_in_light_and_dark() -> None:
    css = style(accent="#7a1fa2", accent_dark="#d9a6ff")

    light, dark = css.splitlines()
    assert "--accent: #7a1fa2" in light
    assert "--on-action: #ffffff" in light
    assert dark.startswith("@media (prefers-color-scheme: dark)")
    assert "--accent: #d9a6ff" in dark
    assert "--on-action: #000000" in dark


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"accent": "#ffcc00"}, "OIDC_BRANDING_ACCENT is #ffcc00: on a light page its contrast is 1.3"),
        ({"accent": "#3551d3"}, "on a dark page .* Set OIDC_BRANDING_ACCENT_DARK to a lighter one"),
        ({"accent": "#3551d3", "accent_dark": "#222222"}, "OIDC_BRANDING_ACCENT_DARK is #222222: on a dark page"),
        ({"accent_dark": "#222222"}, "OIDC_BRANDING_ACCENT_DARK is #222222: on a dark page"),
        ({"templates_dir": Path("/nowhere")}, "OIDC_BRANDING_TEMPLATES_DIR names /nowhere, which is no folder"),
        ({"logo": Path("/nowhere.svg")}, "OIDC_BRANDING_LOGO names /nowhere.svg, which cannot be read: No such file"),
    ],
)
def test_what_people_could_not_read_is_refused_at_start(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        load(**settings)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#3551d3;}*{display:none", "rgb(0,0,0)"])
def test_a_colour_is_written_in_six_digits(colour: str) -> None:
    with pytest.raises(ValueError, match="accent"):
        BrandingSettings(accent=colour)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (SVG.format('<path d="M0 0h1"/><use href="#a"/>').encode(), "image/svg+xml"),
        (SVG.format("<style>.a{fill:url(#g)}</style><rect fill=\"url('#g')\"/>").encode(), "image/svg+xml"),
        ((folder("templates") / "assets" / "mark.svg").read_bytes(), "image/svg+xml"),
    ],
)
def test_the_kind_of_a_picture_is_what_it_is_not_what_it_is_called(content: bytes, media_type: str) -> None:
    assert pictures.media_type(content) == media_type


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>', "<script>"),
        ("<foreignObject/>", "<foreignObject>"),
        ('<image href="https://evil.example/x.png"/>', "<image>"),
        ('<set attributeName="href" to="javascript:alert(1)"/>', "<set>"),
        ('<a href="https://evil.example"/>', "<a>"),
        ('<rect onload="alert(1)"/>', "a script in onload"),
        ('<rect ONCLICK="alert(1)"/>', "a script in onclick"),
        ('<use href="https://evil.example/x.svg#a"/>', "an address in href"),
        ('<use xlink:href="data:image/svg+xml,x"/>', "an address in href"),
        ('<rect fill="url(https://evil.example/x)"/>', "an address in fill"),
        ("<rect style=\"fill: URL( 'https://evil.example/x')\"/>", "an address in style"),
        ("<style>@import 'https://evil.example/x.css';</style>", "an address in a style"),
        ("<style>.a{fill:u\\72l(https://evil.example)}</style>", "an address in a style"),
    ],
)
def test_an_svg_that_does_more_than_draw_is_refused(drawing: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        pictures.media_type(SVG.format(drawing).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>",
        b"GIF89a",
        b"<svg/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;").encode(),
        SVG.format("").encode("utf-16"),
        b'<?xml-stylesheet href="https://evil.example/x.css"?>' + SVG.format("").encode(),
        PNG + b"\0" * 300_000,
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"expected|is no|the SVG"):
        pictures.media_type(content)


@on_one_database
async def test_the_pages_wear_the_brand(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "logo.dat").write_bytes(PNG)
    (tmp_path / "oauth").mkdir()
    (tmp_path / "oauth" / "device_code.html").write_text(
        '{% extends "base.html" %}{% block heading %}Ours{% endblock %}'
    )
    brand = BrandingSettings(
        product_name="Acme & Co",
        logo=tmp_path / "logo.dat",
        accent="#7a1fa2",
        accent_dark="#d9a6ff",
        templates_dir=tmp_path,
    )
    async with (
        running(settings.model_copy(update={"branding": brand})) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=settings.issuer) as client,
    ):
        page = await client.get("/login")
        own = await client.get("/device")
        logo = await client.get(re.search(r"/assets/logo\.[\w-]+\.png", page.text)[0])  # type: ignore[index]
        css = await client.get(re.search(r"/assets/brand\.[\w-]+\.css", page.text)[0])  # type: ignore[index]

    assert "· Acme &amp; Co</title>" in page.text
    assert 'alt="Acme &amp; Co"' in page.text
    assert "style=" not in page.text
    assert "style-src 'self';" in page.headers["content-security-policy"]
    assert "<h1>Ours</h1>" in own.text
    assert (logo.content, logo.headers["content-type"]) == (PNG, "image/png")
    assert "default-src 'none'" in logo.headers["content-security-policy"]
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert "#7a1fa2" in css.text


def test_a_logo_of_clients_that_cannot_be_shown_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "bad.svg").write_text(SVG.format("<script/>"))

    with pytest.raises(
        Misconfigured, match=r"OIDC_BRANDING_LOGOS_DIR holds .*bad\.svg, which cannot be shown: .*<script>"
    ):
        load(logos_dir=tmp_path)
    with pytest.raises(Misconfigured, match="OIDC_BRANDING_LOGOS_DIR names /nowhere, which is no folder"):
        load(logos_dir=Path("/nowhere"))


def test_only_colours_that_people_can_read_have_a_style_sheet() -> None:
    assert branding.make("brand-7a1fa2-d9a6ff.css") is not None
    assert branding.make("brand--d9a6ff.css") is not None
    for name in (
        "brand-7a1fa2-.css",
        "brand-ffcc00-d9a6ff.css",
        "brand-7a1fa2-d9a6ff.css\n",
        "brand-red-.css",
        "style.css",
    ):
        assert branding.make(name) is None


def test_templates_of_a_client_are_found_by_its_name_and_never_by_a_path(tmp_path: Path) -> None:
    (tmp_path / "clients" / "shop").mkdir(parents=True)
    (tmp_path / "clients" / "notes.txt").write_text("no folder")

    assert load(templates_dir=tmp_path).client_templates == {"shop": tmp_path / "clients" / "shop"}
