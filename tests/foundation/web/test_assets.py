"""Assets: served for ever under names that change with their content, and nothing else is served."""

import gzip
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request

from oidc_server.foundation.web.assets import Assets


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """A style sheet and a picture."""
    (tmp_path / "style.css").write_text("body { color: red }" * 50)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    return Assets(tmp_path, "/auth")


def request(name: str, encoding: str = "") -> Request:
    headers = [(b"accept-encoding", encoding.encode())]
    return Request({"type": "http", "method": "GET", "path_params": {"name": name}, "headers": headers})


async def test_a_file_is_found_under_its_versioned_name_only(assets: Assets) -> None:
    url = assets.url("style.css")

    assert url.startswith("/auth/assets/style.")
    assert (await assets.show(request(url.rpartition("/")[2]))).status_code == 200
    for name in ("style.css", "style.x.css", "../style.css", "/etc/passwd", "", "..", "%2e%2e/alembic.ini"):
        assert (await assets.show(request(name))).status_code == 404


async def test_another_content_has_another_name(assets: Assets, tmp_path: Path) -> None:
    before = assets.url("style.css")
    (tmp_path / "style.css").write_text("body { color: blue }")

    assert Assets(tmp_path, "/auth").url("style.css") != before


async def test_text_is_sent_compressed_to_whoever_can_read_that(assets: Assets) -> None:
    name = assets.url("style.css").rpartition("/")[2]

    packed, plain = await assets.show(request(name, "br, gzip")), await assets.show(request(name))

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == plain.body
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path", ["/assets/../alembic.ini", "/assets/%2e%2e/base.html", "/assets/..%2f..%2fpyproject.toml"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_path_leads_out_of_the_folder(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_file_that_a_page_names_is_there(http: httpx2.AsyncClient) -> None:
    page = await http.get("/login")
    named = [part.partition('"')[0] for part in page.text.split('"/assets/')[1:]]
    assert named

    for name in named:
        answer = await http.get(f"/assets/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
