"""The front page: it says who is signed in, and to nobody else."""

import pytest

from oidc_server.house import House
from tests import factories
from tests.actors.person import Person

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_one_database
async def test_it_says_who_is_signed_in(person: Person) -> None:
    assert "Alice" not in (await person.browser.open("/")).text

    await person.sign_in()

    assert "Alice" in (await person.browser.open("/")).text


@on_one_database
async def test_a_name_is_text_only(person: Person, house: House) -> None:
    await factories.add_user(house, **factories.user("alice", name="<script>alert(1)</script>"))

    page = await person.sign_in()

    assert "<script>alert(1)</script>" in page.text
    assert "<script" not in page.response.text


@on_one_database
async def test_it_is_kept_in_no_cache(person: Person) -> None:
    await person.sign_in()

    assert (await person.browser.open("/")).response.headers["cache-control"] == "no-store"
