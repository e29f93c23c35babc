"""Signing in at an upstream: what people see, what the application is told, and who gets an account."""

import asyncio
from collections.abc import Callable

import pytest

from oidc_server.house import House
from tests.accounts import deeds as accounts
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.upstream_provider import UpstreamProvider
from tests.federation import deeds

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_who_signs_in_there_lands_back_at_the_application(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {
        "sub": "1",
        "preferred_username": "carol",
        "name": "Carol",
        "email": "carol@there.example",
    }

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party))
    tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

    # OpenID Connect Core §3.1.2.1
    asked = upstream_provider.asked[0]
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"  # RFC 7636 §4.3
    assert asked["tenant"] == "1"  # RFC 6749 §3.1
    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("1", ["fed"])
    told = (await relying_party.userinfo(tokens.access_token)).json()
    assert (told["name"], told["email"], told["email_verified"]) == ("Carol", "carol@there.example", False)
    assert told["preferred_username"] == "carol"


async def test_the_same_person_gets_the_same_account(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    before = set(await deeds.users(house))

    for _ in range(2):
        one = people()
        await deeds.come_by(one, upstream_provider)
        assert await deeds.is_signed_in(one)

    assert len(set(await deeds.users(house)) - before) == 1
    assert len(await deeds.identities(house)) == 1


@on_one_database
async def test_without_just_in_time_creation_strangers_are_turned_away(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(just_in_time=False))
    before = set(await deeds.users(house))

    page = await deeds.come_by(person, upstream_provider)

    assert (page.status, set(await deeds.users(house))) == (422, before)
    assert "linked" in page.ids["problem"]


async def test_many_first_sign_ins_at_once_make_one_account(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    before = set(await deeds.users(house))
    everybody = [people() for _ in range(10)]

    await asyncio.gather(*(deeds.come_by(one, upstream_provider) for one in everybody))

    assert all([await deeds.is_signed_in(one) for one in everybody])
    assert len(set(await deeds.users(house)) - before) == 1
    assert len(await deeds.identities(house)) == 1


@on_one_database
async def test_a_name_that_somebody_has_is_never_taken(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {"sub": "1", "preferred_username": "ALICE", "email": "x@there.example"}

    await deeds.come_by(person, upstream_provider)

    made = [name for name in await deeds.users(house) if name not in ("alice", "bob")]
    assert len(made) == 1
    assert made[0].startswith("ALICE-")


@on_one_database
@pytest.mark.parametrize("name", ["bob@example.com", "\u202ebob", "a\nb", "", " ", "x" * 500, "<b>", 7, None])
async def test_whatever_they_are_called_there_makes_a_plain_name_here(
    person: Person, house: House, upstream_provider: UpstreamProvider, name: object
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {"sub": "1", "preferred_username": name}

    await deeds.come_by(person, upstream_provider)

    (made,) = [one for one in await deeds.users(house) if one not in ("alice", "bob")]
    assert made.replace("-", "").isalnum()
    assert len(made) < 80


@on_one_database
async def test_a_disabled_user_is_refused(person: Person, house: House, upstream_provider: UpstreamProvider) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {"sub": "1", "preferred_username": "carol"}
    await deeds.come_by(person, upstream_provider)
    await accounts.disable(house, "carol")

    page = await deeds.come_by(person, upstream_provider)

    assert page.status == 422
    assert not await deeds.is_signed_in(person)


@on_one_database
async def test_saying_no_there_leads_back_to_the_login_page_and_on(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    page = await person.visit(relying_party)

    # RFC 6749 §4.1.2.1
    back = await deeds.come_by(
        person, upstream_provider, page=page, code=None, error="access_denied", error_description="<script>no"
    )

    assert back.status == 422
    assert "script" not in back.text
    assert relying_party.answer(await person.decide(await deeds.sign_in_by_password(person, back))).code


@on_one_database
async def test_what_the_application_wants_of_the_sign_in_is_passed_on(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    page = await person.visit(relying_party, prompt="login", max_age="60")

    sent = await deeds.choose(person, page=page)

    upstream_provider.answer(sent.response.headers["location"])
    asked = upstream_provider.asked[0]
    assert (asked["prompt"], asked["max_age"]) == ("login", "60")  # OpenID Connect Core §3.1.2.1


@on_one_database
@pytest.mark.parametrize(("age", "comes_in"), [(10, True), (600, False), (None, False)])
async def test_a_sign_in_there_that_is_too_old_for_the_application_is_refused(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider,
    age: int | None, comes_in: bool,
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.twist = lambda claims: claims.update({} if age is None else {"auth_time": claims["iat"] - age})

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party, max_age="60"))

    assert (page.path == "/consent") is comes_in
    assert await deeds.is_signed_in(person) is comes_in


@on_one_database
async def test_how_they_were_known_there_is_told_on_only_where_it_is_trusted(
    people: Callable[..., Person], relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    upstream_provider.person = {"sub": "1", "amr": ["otp", "pwd"]}
    seen = []
    for trust in (False, True):
        await deeds.configure(house, upstream_provider.entry(trust_amr=trust))
        one = people()
        page = await deeds.come_by(one, upstream_provider, page=await one.visit(relying_party, prompt="consent"))
        tokens = await relying_party.redeem(relying_party.answer(await one.decide(page)).code)
        seen.append(tokens.id_claims["amr"])

    assert seen == [["fed"], ["fed", "otp", "pwd"]]


@on_one_database
async def test_what_is_told_is_kept_up_to_date_where_the_operator_says_so(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    names = []
    for refresh, name in ((True, "Carol"), (True, "Carola"), (False, "Eve")):
        await deeds.configure(house, upstream_provider.entry(refresh_claims=refresh))
        upstream_provider.person = {"sub": "1", "preferred_username": "carol", "name": name, "roles": ["admin"]}
        await deeds.come_by(person, upstream_provider)
        found = (await deeds.users(house))["carol"]
        names.append(found.claims["name"])
        assert found.roles == []

    assert names == ["Carol", "Carola", "Carola"]


@on_one_database
async def test_an_upstream_that_is_disabled_has_no_button_and_takes_nobody(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    page = await person.browser.open("/login")
    sent = await deeds.choose(person, page=page)
    await deeds.configure(house, upstream_provider.entry(enabled=False))

    assert (await deeds.choose(person, page=page)).status == 404
    back = await person.browser.open(upstream_provider.answer(sent.response.headers["location"]))

    assert back.status == 404
    assert len((await person.browser.open("/login")).forms) == 1


@on_one_database
async def test_an_upstream_out_of_reach_leaves_the_rest_of_the_page_working(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(issuer="http://127.0.0.1:9"))

    back = await deeds.choose(person, page=await person.visit(relying_party))

    assert back.status == 503
    assert relying_party.answer(await person.decide(await deeds.sign_in_by_password(person, back))).code


class TestSomethingLikeGitHub:
    """An OAuth server with an API of its own."""

    @on_one_database
    async def test_its_api_says_who_somebody_is(
        self, person: Person, house: House, upstream_provider: UpstreamProvider
    ) -> None:
        await deeds.configure(house, upstream_provider.github(trusted_for_email=True))
        upstream_provider.person = {"id": 583231, "login": "octocat", "name": "Octo Cat", "email": None}
        upstream_provider.emails = [
            {"email": "other@cat.example", "primary": False, "verified": True},
            {"email": "octo@cat.example", "primary": True, "verified": True},
        ]

        await deeds.come_by(person, upstream_provider, "hub", iss=None)

        found = (await deeds.users(house))["octocat"]
        assert (found.email, found.email_verified, found.claims) == ("octo@cat.example", True, {"name": "Octo Cat"})
        (linked,) = await deeds.identities(house)
        assert (linked.issuer, linked.subject) == (upstream_provider.issuer, "583231")

    @on_one_database
    async def test_it_cannot_vouch_for_a_recent_sign_in(
        self, person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
    ) -> None:
        await deeds.configure(house, upstream_provider.github())
        upstream_provider.person = {"id": 1, "login": "octocat"}

        page = await deeds.choose(person, "hub", await person.visit(relying_party, max_age="60"))

        assert page.status == 422
        assert not await deeds.is_signed_in(person)

    @on_one_database
    @pytest.mark.parametrize("subject", [None, "", True, 1.5, "x" * 256, [1], {}])
    async def test_without_a_subject_nobody_comes_in(
        self, person: Person, house: House, upstream_provider: UpstreamProvider, subject: object
    ) -> None:
        await deeds.configure(house, upstream_provider.github())
        upstream_provider.person = {"id": subject, "login": "octocat"}

        page = await deeds.come_by(person, upstream_provider, "hub")

        assert page.status == 422
        assert await deeds.identities(house) == []


@on_one_database
async def test_what_has_not_the_form_that_is_right_here_is_not_kept(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {
        "sub": "1", "preferred_username": "carol", "name": ["x"], "nickname": "a\x00b", "picture": "javascript:alert(1)",
        "website": "https://carol.example", "birthdate": "soon", "address": {"locality": "Rome"}, "locale": {},
        "phone_number": "+1", "phone_number_verified": True, "gender": "x" * 501, "updated_at": 7, "admin": True,
        "family_name": "a\ud800b",
    }  # fmt: skip

    await deeds.come_by(person, upstream_provider)

    assert (await deeds.users(house))["carol"].claims == {
        "website": "https://carol.example",
        "address": {"locality": "Rome"},
        "phone_number": "+1",
    }
