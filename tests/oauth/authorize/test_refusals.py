"""Authorization requests that are refused: who is told what, and where."""

from collections.abc import Callable
from urllib.parse import urlencode

import httpx2
import pytest

from oidc_server.house import House
from tests import factories
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import Answer, RelyingParty
from tests.foundation.web.logbook import Logbook
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

S256 = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def assert_told_here(page: Page, logbook: Logbook) -> None:
    """A page of our own, and an error id by which an operator finds the reason."""
    assert page.status == 400, page.response.url
    assert "location" not in page.response.headers
    assert page.ids["oauth-error"].strip()
    assert logbook.lines("request_refused")[-1]["error_id"] in page.text


def told_client(response: httpx2.Response, party: RelyingParty) -> Answer:
    """A redirect to the client, and nothing but an error in it (RFC 6749 §4.1.2.1)."""
    assert response.status_code == 303, response.text
    answer = party.answer(Page(response))
    assert answer.parameters["iss"] == "https://id.example.com"  # RFC 9207 §2
    assert "code" not in answer.parameters
    return answer


NOT_ITS_OWN = [
    "https://evil.example/callback",
    "https://shop.example.com",
    "https://shop.example.com/",
    "https://shop.example.com/callback/",
    "https://shop.example.com/callback/../evil",
    "https://shop.example.com/callback?next=evil",
    "https://shop.example.com/callback#fragment",
    "https://shop.example.com/callback%00",
    "https://shop.example.com/%63allback",
    "https://shop.example.com/Callback",
    "https://SHOP.example.com/callback",
    "HTTPS://shop.example.com/callback",
    "http://shop.example.com/callback",
    "https://shop.example.com:443/callback",
    "https://shop.example.com:8443/callback",
    "https://user@shop.example.com/callback",
    "https://shop.example.com@evil.example/callback",
    "https://shop.example.com\\@evil.example/callback",
    "https://evil.example/shop.example.com/callback",
    "https://shop.example.com.evil.example/callback",
    "//shop.example.com/callback",
    "/callback",
    " https://shop.example.com/callback",
    "https://shop.example.com/callback ",
    "https://shop.example.com/callback\r\nLocation: https://evil.example",
    "https://spa.example.com/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://shop.example.com/call\u200bback",
    "https://shop.example.com/" + "x" * 3000,
]


async def test_nobody_is_sent_to_an_address_that_is_not_the_clients_own(
    person: Person, relying_party: RelyingParty, logbook: Logbook
) -> None:
    for uri in NOT_ITS_OWN:  # RFC 9700 §4.1.3, RFC 6749 §3.1.2.4
        assert_told_here(await person.visit(relying_party, redirect_uri=uri), logbook)


async def test_an_unknown_client_is_told_of_here(person: Person, relying_party: RelyingParty, logbook: Logbook) -> None:
    for client_id in ("nobody", "SHOP", "shop ", "sho", "shop\u200b", "x" * 300, "\u017fhop"):
        # RFC 6749 §4.1.2.1
        assert_told_here(await person.visit(relying_party, client_id=client_id), logbook)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("instead", ["", None])
async def test_without_a_client_or_redirect_uri_nobody_is_redirected(
    person: Person, relying_party: RelyingParty, logbook: Logbook, name: str, instead: str | None
) -> None:
    page = await person.visit(relying_party, **{name: instead})

    assert_told_here(page, logbook)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_client_or_redirect_uri_sent_twice_is_told_of_here(
    person: Person, relying_party: RelyingParty, logbook: Logbook, name: str
) -> None:
    again = urlencode({name: relying_party.request()[name]})

    page = await person.browser.open(f"{relying_party.authorization_url()}&{again}")

    assert_told_here(page, logbook)
    assert "more than once" in page.ids["oauth-error"]


async def test_a_disabled_client_is_told_of_here(
    person: Person, relying_party: RelyingParty, house: House, logbook: Logbook
) -> None:
    assert (await person.visit(relying_party)).path == "/login"
    await deeds.disable_client(house, "shop")

    assert_told_here(await person.visit(relying_party), logbook)


async def test_an_error_page_shows_what_was_received_as_text_only(person: Person, relying_party: RelyingParty) -> None:
    for name in ("client_id", "redirect_uri"):
        page = await person.visit(relying_party, **{name: "<script>alert(1)</script>"})

        assert "<script" not in page.response.text


TOLD_TO_THE_CLIENT: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),  # RFC 6749 §3.1.1
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unauthorized_client"),
    ({"response_type": "code id_token"}, "unauthorized_client"),
    ({"response_type": "code code"}, "unsupported_response_type"),
    ({"response_type": "code "}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"response_type": "CODE"}, "unsupported_response_type"),
    ({"response_mode": "<b>"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30.eA"}, "invalid_request_object"),  # OpenID Connect Core §3.1.2.6
    ({"request_uri": "https://shop.example.com/request"}, "request_uri_not_supported"),
    ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),  # OpenID Connect Core §7.2.1
    ({"code_challenge": None}, "invalid_request"),  # RFC 7636 §4.4.1
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),  # RFC 9700 §2.1.1
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge_method": "S512"}, "invalid_request"),
    ({"code_challenge": S256[:-1]}, "invalid_request"),
    ({"code_challenge": S256 + "A"}, "invalid_request"),
    ({"code_challenge": S256 + "="}, "invalid_request"),
    ({"code_challenge": S256[:-1] + "+"}, "invalid_request"),
    ({"code_challenge": S256 + "\n"}, "invalid_request"),
    ({"code_challenge": S256[:-1] + "é"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),  # OpenID Connect Core §3.1.2.1
    ({"prompt": "none consent"}, "invalid_request"),
    ({"prompt": "login none select_account"}, "invalid_request"),
    ({"prompt": "maybe"}, "invalid_request"),
    ({"prompt": "None"}, "invalid_request"),
    ({"prompt": "login maybe"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "1.5"}, "invalid_request"),
    ({"max_age": "1e3"}, "invalid_request"),
    ({"max_age": "٣"}, "invalid_request"),
    ({"max_age": " 5"}, "invalid_request"),
    ({"max_age": "9" * 400}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),  # RFC 6749 §3.3
    ({"scope": "something.unknown"}, "invalid_scope"),
    ({"scope": "openid  profile"}, "invalid_scope"),
    ({"scope": " openid"}, "invalid_scope"),
    ({"scope": "openid\tprofile"}, "invalid_scope"),
    ({"scope": 'openid "quoted"'}, "invalid_scope"),
    ({"scope": "openid pröfile"}, "invalid_scope"),
    ({"id_token_hint": "junk"}, "invalid_request"),
    ({"id_token_hint": "a.b.c"}, "invalid_request"),
    ({"id_token_hint": "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ4In0."}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), TOLD_TO_THE_CLIENT)
async def test_what_is_wrong_with_a_request_is_told_to_the_client(
    http: httpx2.AsyncClient, relying_party: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    answer = told_client(await http.get(relying_party.authorization_url(**changes)), relying_party)

    assert answer.error == error
    assert answer.parameters["state"] == "the-state"
    assert answer.parameters["error_description"].isascii()  # RFC 6749 §4.1.2.1
    assert not set(answer.parameters["error_description"]) & set('"\\')


async def test_what_is_wrong_with_a_posted_request_is_told_to_the_client_too(
    http: httpx2.AsyncClient, relying_party: RelyingParty
) -> None:
    for changes, error in TOLD_TO_THE_CLIENT:
        response = await http.post("/authorize", data=relying_party.request(**changes))  # OpenID Connect Core §3.1.2.1

        answer = told_client(response, relying_party)
        assert (answer.error, answer.parameters["state"]) == (error, "the-state"), changes


@pytest.mark.parametrize(
    "name", ["state", "scope", "response_type", "nonce", "prompt", "code_challenge", "max_age", "unheard_of"]
)
async def test_a_parameter_sent_twice_is_refused(
    http: httpx2.AsyncClient, relying_party: RelyingParty, name: str
) -> None:
    again = urlencode([(name, "1"), (name, "1")])

    response = await http.get(f"{relying_party.authorization_url(**{name: None})}&{again}")

    assert told_client(response, relying_party).error == "invalid_request"  # RFC 6749 §3.1


async def test_an_empty_parameter_counts_as_not_sent(person: Person, relying_party: RelyingParty) -> None:
    empty = dict.fromkeys(("prompt", "max_age", "response_mode", "request", "id_token_hint", "nonce"), "")

    page = await person.visit(relying_party, **empty, state="")  # RFC 6749 §3.1
    answer = relying_party.answer(await person.decide(await person.sign_in(page)))

    assert "state" not in answer.parameters
    assert "nonce" not in (await relying_party.redeem(answer.code)).id_claims


async def test_what_nobody_has_heard_of_is_ignored(person: Person, relying_party: RelyingParty) -> None:
    unheard = {"unheard_of": "1", "display": "page", "ui_locales": "de fr", "claims_locales": "de", "acr_values": "9"}

    answer = await person.approve(relying_party, **unheard, response_mode="query")  # RFC 6749 §3.1

    assert (await relying_party.redeem(answer.code)).status == 200  # Core §15.1


async def test_a_client_without_the_code_grant_is_refused(http: httpx2.AsyncClient, house: House) -> None:
    await factories.add_client(house, **factories.client("machines", grant_types=["client_credentials"]))
    party = RelyingParty(http, "machines")

    answer = told_client(await http.get(party.authorization_url()), party)

    assert answer.error == "unauthorized_client"  # RFC 6749 §4.1.2.1


async def test_a_scope_that_exists_and_is_not_the_clients_is_refused(http: httpx2.AsyncClient, house: House) -> None:
    await factories.add_client(house, **factories.client("modest", scope="openid"))
    party = RelyingParty(http, "modest")

    for scope in ("openid orders.read", "openid email", "offline_access openid"):
        answer = told_client(await http.get(party.authorization_url(scope=scope)), party)

        assert answer.error == "invalid_scope"  # RFC 6749 §3.3


async def test_a_scope_that_nobody_knows_is_ignored(person: Person, relying_party: RelyingParty) -> None:
    answer = await person.approve(relying_party, scope="openid orders.read something.unknown ORDERS.READ")

    tokens = await relying_party.redeem(answer.code)
    assert tokens.body["scope"].split() == ["openid", "orders.read"]  # OpenID Connect Core §3.1.2.1


async def test_a_foreign_id_token_is_no_hint(
    http: httpx2.AsyncClient, relying_party: RelyingParty, foreign_id_token: str
) -> None:
    response = await http.get(relying_party.authorization_url(id_token_hint=foreign_id_token))

    assert told_client(response, relying_party).error == "invalid_request"


async def test_a_hint_must_be_an_id_token_of_this_client(
    person: Person, relying_party: RelyingParty, spa: RelyingParty
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    of_another = told_client((await person.visit(spa, id_token_hint=tokens.id_token)).response, spa)
    access_token = await person.visit(relying_party, id_token_hint=tokens.access_token)

    assert of_another.error == "invalid_request"
    assert told_client(access_token.response, relying_party).error == "invalid_request"  # Core §3.1.2.1


@pytest.mark.parametrize("port", ["", ":51004", ":1", ":65535"])
async def test_a_native_app_is_answered_on_any_port_of_loopback(
    people: Callable[..., Person], http: httpx2.AsyncClient, port: str
) -> None:
    app = RelyingParty(http, "cli", auth="none", redirect_uri=f"http://127.0.0.1{port}/callback")

    answer = await people().approve(app)  # RFC 8252 §7.3

    assert answer.location.startswith(f"http://127.0.0.1{port}/callback?")
    assert (await app.redeem(answer.code)).status == 200


NOT_LOOPBACK = [
    "http://localhost:51004/callback",
    "http://[::1]:51004/callback",
    "http://127.0.0.2:51004/callback",
    "http://127.0.0.1:51004/other",
    "http://127.0.0.1:51004/callback?x=1",
    "https://127.0.0.1:51004/callback",
    "http://127.0.0.1:80@evil.example/callback",
    "http://127.0.0.1:51004@evil.example/callback",
    "http://127.0.0.1.evil.example:51004/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:99999/callback",
    "com.example.cli:/other",
    "com.example.cli://callback",
]


async def test_a_native_app_is_answered_nowhere_else(
    person: Person, http: httpx2.AsyncClient, logbook: Logbook
) -> None:
    app = RelyingParty(http, "cli", auth="none")

    for uri in NOT_LOOPBACK:
        # RFC 8252 §7.3, RFC 9700 §2.1
        assert_told_here(await person.visit(app, redirect_uri=uri), logbook)


async def test_a_web_client_gets_no_other_port(person: Person, house: House, logbook: Logbook) -> None:
    own = "http://127.0.0.1:8080/callback"
    await factories.add_client(house, **factories.client("local", redirect_uris=[own]))
    party = RelyingParty(person.browser.http, "local", redirect_uri=own)
    assert (await person.visit(party)).path == "/login"

    assert_told_here(await person.visit(party, redirect_uri="http://127.0.0.1:8081/callback"), logbook)


UNREADABLE = {
    "a NUL": "state=%00",
    "a NUL in a name": "a%00b=1",
    "no UTF-8": "state=%ff%fe",
    "half a surrogate": "state=%ed%a0%80",
    "a value without end": "state=" + "x" * 60_000,
    "a long name": "x" * 20_000 + "=1",
    "many small ones": "&".join(f"p{number}=1" for number in range(500)),
    "too much in all": "&".join(f"p{number}={'x' * 1000}" for number in range(20)),
}


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_what_cannot_be_read_is_refused_politely(person: Person, relying_party: RelyingParty, kind: str) -> None:
    query = f"{urlencode(relying_party.request(state=None))}&{UNREADABLE[kind]}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    asked = Page(await person.browser.http.get(f"/authorize?{query}"))
    posted = Page(await person.browser.http.post("/authorize", content=query, headers=headers))

    for page in (asked, posted):
        assert page.status in (400, 413)
        assert page.ids["oauth-error"].strip()


async def test_a_posted_megabyte_is_refused_politely(person: Person) -> None:
    page = await person.browser.post("/authorize", {"client_id": "shop", "state": "x" * 1_000_000})

    assert page.status == 413
    assert page.ids["oauth-error"].strip()


async def test_raw_bytes_in_the_query_are_refused_politely(person: Person) -> None:
    for query in ("client_id=\xff", "\xff", "client_id=%", "&&&", "=", "client_id=shop;redirect_uri=x"):
        page = Page(await person.browser.http.get(f"/authorize?{query}"))

        assert page.status == 400, query
        assert page.ids["oauth-error"].strip()


async def test_only_a_form_can_be_posted(person: Person, relying_party: RelyingParty) -> None:
    answers = [
        await person.browser.http.post("/authorize", json=relying_party.request()),
        await person.browser.http.post("/authorize", content=b"client_id=shop"),
        await person.browser.http.post("/authorize", files={"client_id": ("", "shop")}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
