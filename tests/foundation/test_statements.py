"""Statements that both databases can do."""

from datetime import timedelta

from sqlalchemy.orm import Session

from oidc_server.foundation import clock
from oidc_server.foundation.statements import affected, insert_if_absent, remove_in_batches
from oidc_server.house import House
from oidc_server.tokens.models import RevokedToken
from tests.oauth import deeds


async def test_a_row_is_inserted_unless_it_is_there(house: House) -> None:
    values = {"jti": "one", "expires_at": clock.now()}

    assert await deeds.in_transaction(house, insert_if_absent, RevokedToken, values)
    assert not await deeds.in_transaction(house, insert_if_absent, RevokedToken, values)
    assert await deeds.count(house, RevokedToken) == 1


async def test_it_works_outside_a_transaction_too(house: House) -> None:
    def insert() -> list[bool]:
        with house.database.autocommit() as connection:
            values = {"jti": "one", "expires_at": clock.now()}
            return [insert_if_absent(connection, RevokedToken, values) for _ in range(2)]

    assert await house.database.run(insert) == [True, False]


async def test_rows_are_removed_in_batches_until_none_is_left(house: House) -> None:
    now = clock.now()

    def fill(session: Session) -> None:
        session.add_all(RevokedToken(jti=f"old-{number}", expires_at=now) for number in range(2001))
        session.add_all(RevokedToken(jti=f"new-{number}", expires_at=now + timedelta(days=1)) for number in range(5))

    await deeds.in_transaction(house, fill)
    is_old = RevokedToken.expires_at <= now
    with deeds.statements(house) as seen:
        removed = await house.database.run(lambda: remove_in_batches(house.database, RevokedToken.jti, is_old))

    assert removed == 2001
    assert len([one for one in seen if one.startswith("DELETE")]) == 3
    assert await deeds.count(house, RevokedToken) == 5


async def test_what_a_statement_wrote_is_counted(house: House) -> None:
    def delete(session: Session) -> int:
        return affected(session.execute(RevokedToken.__table__.delete()))  # type: ignore[attr-defined]

    assert await deeds.in_transaction(house, delete) == 0
