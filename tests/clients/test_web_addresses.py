"""Web addresses: which of them people may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.clients import web_addresses

GOOD = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:8443/a/b?c=d#e",
    "https://xn--bcher-kva.example.com/",
    "https://93.184.216.34/",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    "https://app.example.com./",
]
INTERNAL = [
    "https://localhost/",
    "https://LOCALHOST./",
    "https://x.localhost/",
    "https://127.0.0.1/",
    "https://10.0.0.5/",
    "https://192.168.1.1:8443/",
    "https://169.254.169.254/latest",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:10.0.0.5]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://127.1/",
    "https://0x7f.0.0.0x1/",
    "https://app.example.0x1/",
]
BAD = [
    "",
    "app.example.com",
    "//app.example.com/",
    "javascript:alert(1)",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://app.example.com/",
    "HTTPS://app.example.com/",
    " https://app.example.com/",
    "https:app.example.com",
    "https:///x",
    "https://",
    "https://user@app.example.com/",
    "https://user:password@app.example.com/",
    "https://@app.example.com/",
    "https://app.example.com:99999/",
    "https://app.example.com:x/",
    "https://[::1",
    "https://[x]/",
    "https://app..example.com:/\\",
    "https://app.example.com/\n",
    'https://app.example.com/"onmouseover=',
    "https://bücher.example.com/",
    "https://app.example.com/" + "x" * 2048,
    "https://*.example.com/",
    "https://-.example.com/",
    "https://app.example.com%2f@thief.example.com/",
]


@pytest.mark.parametrize("address", GOOD)
def test_an_https_url_of_a_public_host_is_fine(address: str) -> None:
    web_addresses.check(address, development=False)


@pytest.mark.parametrize("address", INTERNAL)
def test_a_host_that_not_everybody_can_reach_is_for_development_only(address: str) -> None:
    with pytest.raises(ValueError, match="everybody can reach"):
        web_addresses.check(address, development=False)
    web_addresses.check(address, development=True)
    web_addresses.check(address, development=False, may_be_internal=True)


@pytest.mark.parametrize("address", BAD)
@pytest.mark.parametrize("development", [True, False])
def test_anything_else_is_refused(address: str, development: bool) -> None:
    with pytest.raises(ValueError, match=r"."):
        web_addresses.check(address, development=development)


def test_http_is_for_development_only() -> None:
    web_addresses.check("http://localhost:3000/", development=True)
    with pytest.raises(ValueError, match="https"):
        web_addresses.check("http://app.example.com/", development=False)


@given(address=st.text(max_size=40) | st.text(max_size=20).map(lambda rest: f"https://{rest}"))
def test_no_text_breaks_the_check(address: str) -> None:
    try:
        web_addresses.check(address, development=False)
    except ValueError:
        return
    assert address.startswith("https://")
    assert address.isascii()
