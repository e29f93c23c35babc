"""The roster: who leads, who leaves, and that whoever leaves the cookies is signed out."""

from uuid import UUID

from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.accounts.roster import Roster
from oidc_server.sessions.models import BrowserSession


def somebody(number: int, user: int | None = None) -> Current:
    user_id = UUID(int=user or number)
    return Current(User(id=user_id), BrowserSession(id=UUID(int=100 + number), user_id=user_id))


ALICE, BOB, CAROL = somebody(1), somebody(2), somebody(3)


def test_who_acted_until_now_comes_first_of_the_others() -> None:
    assert Roster(ALICE, (BOB, CAROL)).led_by(CAROL) == Roster(CAROL, (ALICE, BOB))
    assert Roster(None, (BOB,)).led_by(ALICE) == Roster(ALICE, (BOB,))


def test_nobody_is_there_twice() -> None:
    again = somebody(9, user=2)

    assert Roster(ALICE, (BOB,)).led_by(again) == Roster(again, (ALICE,))


def test_when_the_one_who_acted_is_gone_nobody_acts() -> None:
    assert Roster(ALICE, (BOB,)).without([ALICE]) == Roster(None, (BOB,))
    assert Roster(ALICE, (BOB, CAROL)).without([CAROL]) == Roster(ALICE, (BOB,))


def test_people_are_those_who_are_signed_in() -> None:
    roster = Roster(ALICE, (BOB,), over=(CAROL,))

    assert roster.people == (ALICE, BOB)
    assert roster.find(CAROL.session.id) is None
    assert roster.idle == (CAROL,)
