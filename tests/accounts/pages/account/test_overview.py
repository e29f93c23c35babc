"""The overview says how an account stands: what protects it, where its owner is signed in, who knows them."""

from collections.abc import Callable

from oidc_server.house import House
from tests.accounts import factor_deeds
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty


async def test_it_says_how_the_account_stands(
    house: House, people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, elsewhere = people(), people()
    await alice.sign_in()
    before = (await alice.browser.open("/account")).text

    await elsewhere.sign_in()
    await alice.approve(relying_party)
    await factor_deeds.give_authenticator(house)
    after = (await alice.browser.open("/account")).text

    for text in ("Your password alone lets you in", "on this browser alone", "no application yet"):
        assert text in before
        assert text not in after
    for text in ("A second step protects", "on other browsers too", "which applications know you"):
        assert text in after
        assert text not in before
