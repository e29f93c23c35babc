"""Redirect URIs: which may be registered, and that only those may be used, letter for letter."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.clients import redirect_uris

PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
HOSTS = st.lists(LABELS, min_size=2, max_size=3).map(".".join)
PATHS = st.text("abcXYZ019-._~/%", max_size=12).map(lambda text: f"/{text}")
HTTPS = st.builds("https://{}{}".format, HOSTS, PATHS)
PORTS = st.integers(1, 65535)
#: What an attacker would add to, take from or change in a URI.
MUTATIONS = st.sampled_from(
    ["/", "//", "?", "?x=1", "&x=1", "#", "#x", ".", "/..", "/../x", "%2f", "%00", "\\", ":443", ":80", "@", " ", "\t", "\n",
     "\0", ";", ",", "*", ".thief.com", "@thief.com", "é", "\u2024", "\u3002", "\uff0f", "%2e%2e", "x"]
)  # fmt: skip


def may_be_registered(uri: str, *, native: bool = False, development: bool = False) -> bool:
    try:
        redirect_uris.check(uri, application_type="native" if native else "web", development=development)
    except ValueError:
        return False
    return True


def may_be_used(requested: str, *registered: str, native: bool = False) -> bool:
    return redirect_uris.matches(requested, registered, application_type="native" if native else "web")


@given(uri=HTTPS)
def test_an_https_uri_may_be_registered_and_used(uri: str) -> None:
    assert may_be_registered(uri)
    assert may_be_used(uri, uri)


@given(uri=HTTPS, position=st.integers(0, 60), mutation=MUTATIONS, native=st.booleans())
def test_nothing_but_the_registered_uri_may_be_used(uri: str, position: int, mutation: str, native: bool) -> None:
    changed = uri[:position] + mutation + uri[position:]

    assert not may_be_used(changed, uri, native=native)  # RFC 9700 §2.1


@given(uri=HTTPS, native=st.booleans())
def test_case_counts(uri: str, native: bool) -> None:
    for changed in (uri.upper(), uri.swapcase(), uri.replace("https", "HTTPS")):
        assert may_be_used(changed, uri, native=native) == (changed == uri)


@given(
    start=st.sampled_from(["", "http:", "http:/", "http://", "http://[", "com.example.app:"]), rest=st.text(max_size=40)
)
def test_no_text_breaks_the_check(start: str, rest: str) -> None:
    may_be_registered(start + rest)
    for registered in ("http://127.0.0.1/callback", "http://[::1]/", "com.example.app:/callback"):
        may_be_used(start + rest, registered, native=True)


@given(uri=st.text(PRINTABLE, max_size=40).map(lambda rest: f"https://{rest}"))
def test_whatever_may_be_registered_has_one_host_and_no_user(uri: str) -> None:
    if not may_be_registered(uri):
        return
    parts = urlsplit(uri)
    assert parts.hostname
    assert "@" not in parts.netloc
    assert "*" not in parts.netloc
    assert "#" not in uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "callback",
        "/callback",
        "//shop.example.com/callback",
        "https:/shop.example.com/callback",
        "https:shop.example.com",
        "https://",
        "https:///callback",
        "https://:443/callback",
        "https://shop.example.com/#",
        "https://shop.example.com/#fragment",
        "https://shop.example.com/?a=#b",
        "https://user@shop.example.com/",
        "https://user:pass@shop.example.com/",
        "https://@shop.example.com/",
        "https://*.example.com/",
        "https://shop.example.com:0x50/",
        "https://shop.example.com:99999/",
        "https://shop.example.com:-1/",
        "https://shop.example.com\\@thief.com/",
        "https:\\\\shop.example.com/",
        "https://shop.example.com/a b",
        "https://shop.example.com/\t",
        "https://shop.example.com/\r\nSet-Cookie: a=b",
        "https://shop.example.com/\0",
        "https://shop.example.com/\x7f",
        "https://shop.example.com/é",
        "https://shöp.example.com/",
        "https://shop\u3002example.com/",
        "https://[::1/callback",
        "https://[thief]/callback",
        "HTTPS://shop.example.com/",
        " https://shop.example.com/",
        "https://shop.example.com/" + "a" * 2048,
        "javascript:alert(1)",
        "data:text/html,hello",
        "com.example.app:/callback",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_a_web_client_may_not_register(uri: str) -> None:
    # RFC 6749 §3.1.2, RFC 9700 §2.1, OpenID Connect Registration §2
    assert not may_be_registered(uri, development=True)


@pytest.mark.parametrize(
    "uri", ["http://shop.example.com/", "http://192.0.2.1/", "http://127.0.0.2/", "http://0.0.0.0/"]
)
def test_http_is_for_development(uri: str) -> None:
    assert not may_be_registered(uri)  # RFC 9700 §2.6
    assert may_be_registered(uri, development=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_http_on_loopback_may_always_be_registered(host: str) -> None:
    assert may_be_registered(f"http://{host}/callback")  # RFC 8252 §7.3
    assert may_be_registered(f"http://{host}:8080/callback")


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1.thief.com/",
        "http://localhost.thief.com/",
        "http://localhost@thief.com/",
        "http://127.0.0.1:80@thief.com/",
        "http://[::1].thief.com/",
        "http://[::1]thief.com/",
        "http://[::1]:80thief.com/",
        "http://127.0.0.1\\.thief.com/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://localhost./",
    ],
)
def test_what_only_looks_like_loopback_is_not(uri: str) -> None:
    assert not may_be_registered(uri)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
@given(port=PORTS)
def test_a_native_client_may_use_any_port_of_its_loopback_uri(host: str, port: int) -> None:
    assert may_be_used(f"http://{host}:{port}/callback", f"http://{host}/callback", native=True)  # RFC 8252 §7.3
    assert may_be_used(f"http://{host}:{port}/callback", f"http://{host}:9/callback", native=True)


@given(port=PORTS)
def test_it_does_not_matter_in_which_order_a_native_client_registered_its_uris(port: int) -> None:
    requested = f"http://127.0.0.1:{port}/callback"

    assert may_be_used(requested, "http://127.0.0.1/callback", "com.example.app:/callback", native=True)
    assert may_be_used(requested, "com.example.app:/callback", "http://127.0.0.1/callback", native=True)


@given(port=PORTS)
def test_nobody_else_may(port: int) -> None:
    assert not may_be_used(f"http://127.0.0.1:{port}/callback", "http://127.0.0.1/callback")
    assert not may_be_used(f"https://127.0.0.1:{port}/callback", "https://127.0.0.1/callback", native=True)
    assert not may_be_used(f"http://192.0.2.1:{port}/callback", "http://192.0.2.1/callback", native=True)
    # RFC 8252 §7.3
    assert not may_be_used(f"https://shop.example.com:{port}/", "https://shop.example.com/", native=True)


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("http://localhost:5000/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:5000/callback", "http://localhost/callback"),
        ("http://[::1]:5000/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.2:5000/callback", "http://127.0.0.1/callback"),
        ("http://LOCALHOST:5000/callback", "http://localhost/callback"),
        ("http://127.0.0.1:5000/callback/", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:5000/callback?x=1", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:5000/other", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:5000", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:0/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:99999/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:x/callback", "http://127.0.0.1/callback"),
        ("http://user@127.0.0.1:5000/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1:5000@thief.com/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1.thief.com:5000/callback", "http://127.0.0.1/callback"),
        ("http://[::1].thief.com:5000/callback", "http://[::1]/callback"),
        ("http://[::1].thief.com/callback", "http://[::1]/callback"),
        ("http://[::1]thief.com/callback", "http://[::1]/callback"),
        ("http://thief.com:5000/http://127.0.0.1/callback", "http://127.0.0.1/callback"),
        ("https://127.0.0.1:5000/callback", "http://127.0.0.1/callback"),
        ("http:/callback", "http://127.0.0.1/callback"),
        ("http:///callback", "http://127.0.0.1/callback"),
        ("http:callback", "http://127.0.0.1/callback"),
    ],
)
def test_a_native_client_may_change_nothing_but_the_port(requested: str, registered: str) -> None:
    assert not may_be_used(requested, registered, native=True)  # RFC 9700 §4.1.3


@pytest.mark.parametrize("uri", ["com.example.app:/callback", "com.example.app://callback", "com.example.app:callback"])
def test_a_native_client_may_register_its_own_scheme(uri: str) -> None:
    assert may_be_registered(uri, native=True)  # RFC 8252 §7.1
    assert may_be_used(uri, uri, native=True)


@pytest.mark.parametrize(
    "uri",
    ["myapp:/callback", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "mailto:a@example.com",
     "COM.example.app:/callback", "com.example.app:/callback#x"],
)  # fmt: skip
def test_a_native_client_may_not_register(uri: str) -> None:
    assert not may_be_registered(uri, native=True)  # RFC 8252 §8.4


def test_a_refusal_says_what_is_expected() -> None:
    for uri, word in {
        "https://shop.example.com/#x": "fragment",
        "http://shop.example.com/": "https",
        "https://*.example.com/": "wildcard",
        "myapp:/x": "native",
    }.items():
        with pytest.raises(ValueError, match=word):
            redirect_uris.check(uri, application_type="web", development=False)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://shop.example.com/callback", "https://shop.example.com"),
        ("https://shop.example.com:443/", "https://shop.example.com"),
        ("https://shop.example.com:8443/", "https://shop.example.com:8443"),
        ("https://SHOP.example.com/", "https://shop.example.com"),
        ("http://localhost:3000/a", "http://localhost:3000"),
        ("http://localhost:80/a", "http://localhost"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("com.example.app:/callback", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(uri: str, origin: str | None) -> None:
    assert redirect_uris.origin(uri) == origin  # RFC 6454 §6.2


@pytest.mark.parametrize(
    ("uri", "host"),
    [("https://shop.example.com:8443/x", "shop.example.com:8443"), ("com.example.app:/x", "com.example.app")],
)
def test_a_person_is_shown_where_the_answer_goes(uri: str, host: str) -> None:
    assert redirect_uris.host(uri) == host
