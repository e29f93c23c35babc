"""The documentation says what is there, all of it, and nothing else."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from oidc_server.audit.events import Event
from oidc_server.cli.settings import meanings
from oidc_server.foundation.telemetry import metrics
from oidc_server.oauth.documents import Documents
from tests.docs import generate

DOCS = Path(__file__).parents[2] / "docs"
ROOT = DOCS.parent


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text() == generate.PAGES[name](), "run `make docs`"


def test_every_setting_has_its_meaning() -> None:
    assert all(meanings().values())


def test_every_event_has_its_meaning() -> None:
    page = (DOCS / "events.md").read_text()
    assert [event for event in Event if f"| `{event}` | " not in page] == []


def paths(routes: Iterable[BaseRoute]) -> set[str]:
    """The paths of these routes, and of the routers among them."""
    found: set[str] = set()
    for route in routes:
        router = getattr(route, "original_router", None)
        found |= paths(router.routes) if router else {getattr(route, "path", "")}
    return found


async def test_every_endpoint_is_documented_and_every_documented_endpoint_is_there(app: FastAPI) -> None:
    documented = set(re.findall(r"^\| `(/[^`]*)` \|", (DOCS / "endpoints.md").read_text(), re.MULTILINE))
    layers: list[Any] = list(app.user_middleware)
    prepared = next(layer.kwargs["documents"] for layer in layers if layer.cls is Documents)
    assert documented == paths(app.routes) | set(prepared)


def test_every_metric_is_documented() -> None:
    page = (DOCS / "operations.md").read_text()
    families = {
        line.split()[2] for line in metrics.exposition().decode().splitlines() if line.startswith("# TYPE oidc_")
    }
    assert [name for name in families if name not in page and not name.endswith("_created")] == []


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "examples" / "README.md", *DOCS.rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_decision_record_is_listed() -> None:
    folder = DOCS / "decisions"
    listed = set(re.findall(r"\((\d{4}-[^)]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("0*.md")}


def test_every_room_named_in_the_picture_of_the_house_is_there() -> None:
    picture = (DOCS / "house.md").read_text().split("```")[1]
    rooms = {name for line in picture.splitlines() for name in re.findall(r"^  ([a-z ·]+?)  ", line)}
    names = {name.strip() for line in rooms for name in line.split("·")}
    package = ROOT / "oidc_server"
    found = {path.stem for path in package.iterdir() if not path.name.startswith("_") and path.suffix in ("", ".py")}
    assert names == found
