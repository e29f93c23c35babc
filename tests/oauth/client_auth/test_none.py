"""none: public clients only say who they are."""

import httpx2
import pytest

from oidc_server.house import House
from tests.actors.relying_party import RelyingParty
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_public_client_says_who_it_is(spa: RelyingParty) -> None:
    assert (await spa.refresh("junk")).error == "invalid_grant"


async def test_a_client_that_became_confidential_must_prove_who_it_is(spa: RelyingParty, house: House) -> None:
    await spa.refresh("junk")
    await deeds.change_client(house, "spa")

    assert (await spa.refresh("junk")).error == "invalid_client"


async def test_an_empty_secret_is_no_secret(http: httpx2.AsyncClient) -> None:
    fields = {"client_id": "spa", "client_secret": "", "token": "junk"}

    response = await http.post("/introspect", data=fields)

    assert response.status_code == 200  # RFC 6749 §3.2: as if it had not been sent
