"""What tests of factors do to the server directly, where how a person does it is not the matter."""

from oidc_server.accounts import recovery_codes, totp
from oidc_server.house import House
from tests.accounts.deeds import in_transaction, user
from tests.actors.phone import Phone


async def give_authenticator(house: House, name: str = "alice") -> Phone:
    """Give a user an authenticator app, whose codes of before now are spent."""
    phone = Phone(totp.new_secret())
    owner = await user(house, name)
    assert await in_transaction(house, totp.add, house.sealing, owner.id, phone.secret, phone.code(later=-30))
    return phone


async def give_recovery_codes(house: House, name: str = "alice") -> list[str]:
    """Give a user new recovery codes."""
    owner = await user(house, name)
    return await in_transaction(house, recovery_codes.make, house.sealing, owner.id)
