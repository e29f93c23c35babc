"""Whether people can use a page who don't see it, or not well: axe-core looks at it by the rules of WCAG 2.2 AA."""

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Page

#: How pages are looked at: a width and a scheme. Sizes don't depend on colours, nor colours on sizes.
SEEN = ((1200, "light"), (320, "dark"))

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


async def barriers(page: Page) -> list[str]:
    """What keeps people out of this page as it is shown now: the rule, and where it is broken."""
    # Handed to the browser by the test, so the page's own policy need not allow it.
    await page.evaluate(_axe())
    found: dict[str, Any] = await page.evaluate("(tags) => axe.run({ runOnly: tags })", _RULES)
    return [
        f"{violation['id']}: {violation['help']}: {', '.join(str(node['target']) for node in violation['nodes'])}"
        for violation in found["violations"]
    ]
