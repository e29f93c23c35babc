"""Takes the pictures of docs/images anew: `python -m tests.browser.pictures`.

A real server with calm people and apps in it, seen in light and dark, on a phone, and in Arabic. A picture has the name of
its page and of how it is seen: `consent.png`, `consent-dark.png`, `consent-phone.png`, `consent-ar.png`.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import httpx2
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from oidc_server.cli import migrate
from tests.actors.device import Device
from tests.actors.relying_party import RelyingParty
from tests.bench import sink
from tests.browser import calm, chromium
from tests.conftest import make_settings
from tests.listener import make_certificate
from tests.servers import free_port, serving

ISSUER = "https://id.example.com"
_FOLDER = Path(__file__).parents[2] / "docs" / "images"
_COLOURS = 128
_WIDE, _PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 844}

_TELEVISION = {"User-Agent": "Television/2.1", "X-Forwarded-For": "203.0.113.7"}


@dataclass(frozen=True)
class Look:
    """How pages are seen."""

    suffix: str
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en-GB"
    is_phone: bool = False
    only: tuple[str, ...] = ()
    """The pictures that are taken; without any, all."""


LOOKS = (
    Look(""),
    Look("-dark", scheme="dark"),
    Look("-phone", is_phone=True),
    Look("-ar", locale="ar", only=("login", "consent", "account")),
)


class Photographer:
    """Sees the pages one after the other, as people come by them."""

    def __init__(self, page: Page, look: Look, folder: Path, http: httpx2.AsyncClient) -> None:
        self._page = page
        self._look = look
        self._folder = folder
        self._notes = RelyingParty(http, "notes", redirect_uri="https://notes.example.com/callback")
        self._television = Device(RelyingParty(http, "television", auth="none"))

    async def work(self, recovery_code: str) -> None:
        """Take every picture."""
        await self._sign_in(recovery_code)
        await self._own_pages()
        await self._device()
        await self._others()

    async def _sign_in(self, recovery_code: str) -> None:
        await self._open(self._notes.authorization_url(prompt="create"))
        await self._take("sign-up")
        await self._open(self._notes.authorization_url())
        await self._take("login")
        await self._fill(username=calm.ADA, password=calm.PASSWORD)
        await self._take("second-factor")
        await self._fill(code=recovery_code)
        await self._page.locator("#allow").wait_for()
        await self._take("consent")

    async def _own_pages(self) -> None:
        await self._open("/account")
        await self._take("account")
        await self._open("/account/security")
        await self._take("security", whole=True)
        await self._open("/account/apps")
        await self._take("apps")

    async def _device(self) -> None:
        begun = await self._television.begin()
        await self._open("/device")
        await self._take("device")
        await self._fill(user_code=begun.user_code)
        await self._page.locator("#allow").wait_for()
        await self._take("device-confirm", whole=True)

    async def _others(self) -> None:
        await self._open("/authorize?client_id=nobody-knows-it&response_type=code")
        await self._take("error")
        await self._open("/login")
        await self._fill(username=calm.GRACE, password=calm.PASSWORD)
        await self._open(self._notes.authorization_url(prompt="select_account"))
        await self._take("chooser")

    async def _open(self, path: str) -> None:
        await self._page.goto(ISSUER + path)

    async def _fill(self, **values: str) -> None:
        for name, value in values.items():
            await self._page.locator(f"[name={name}]").fill(value)
        await self._page.locator("#submit").click()
        await self._page.wait_for_load_state()

    async def _take(self, name: str, *, whole: bool = False) -> None:
        if self._look.only and name not in self._look.only:
            return
        taken = Image.open(BytesIO(await self._page.screenshot(full_page=whole or self._look.is_phone)))
        # Pages have few colours: a palette makes a file a third as large.
        drawn = taken.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        drawn.save(self._folder / f"{name}{self._look.suffix}.png", optimize=True)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, Path, list[str]]]:
    """A server as an installation would be, not a development server: its port, its certificate and recovery codes."""
    port = free_port()
    certificate = make_certificate(folder / "tls", "id.example.com")
    settings = make_settings(f"sqlite:///{folder}/calm.db", folder / "keys")
    migrate.prepare(settings)
    codes = asyncio.run(calm.furnish(settings))
    with sink.swallowing() as smtp:
        ours: dict[str, Any] = {
            "OIDC_ISSUER": ISSUER,
            "OIDC_DEVELOPMENT": "false",
            "OIDC_PASSWORD_BCRYPT_ROUNDS": "10",
            "OIDC_SIGN_UP_MODE": "open",
            "OIDC_SMTP_URL": smtp,
            "OIDC_SMTP_FROM": "login@example.com",
            "OIDC_TRUSTED_PROXIES": "127.0.0.1",
        }
        with serving(settings, folder, port=port, certificate=certificate, address=f"https://127.0.0.1:{port}", **ours):
            yield port, certificate, codes


@asynccontextmanager
async def _chromium(port: int) -> AsyncIterator[Browser]:
    rule = f"--host-resolver-rules=MAP id.example.com:443 127.0.0.1:{port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find(), args=[*chromium.ARGUMENTS, rule])
        yield browser
        await browser.close()


async def _photograph(port: int, certificate: Path, codes: list[str], folder: Path) -> None:
    apps = httpx2.AsyncClient(base_url=f"https://127.0.0.1:{port}", verify=str(certificate), headers=_TELEVISION)
    async with _chromium(port) as browser, apps as http:
        for look, code in zip(LOOKS, codes, strict=False):
            context = await browser.new_context(
                color_scheme=look.scheme,
                locale=look.locale,
                viewport=_PHONE if look.is_phone else _WIDE,  # type: ignore[arg-type]
                ignore_https_errors=True,
            )
            await Photographer(await context.new_page(), look, folder, http).work(code)
            await context.close()


def main() -> None:
    """Take them, into docs/images or another folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER, help="where they are put (docs/images)")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="oidc-pictures-") as name, _server(Path(name)) as (port, tls, codes):
        asyncio.run(_photograph(port, tls, codes, folder))
    for picture in sorted(folder.glob("*.png")):
        sys.stdout.write(f"{picture.stat().st_size / 1000:6.0f} kB  {picture.name}\n")


if __name__ == "__main__":
    main()
