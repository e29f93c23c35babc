"""`oidc-server cleanup`: what the server does by itself every ten minutes, now."""

from oidc_server.cli import reach
from oidc_server.house import House


def cleanup(as_json: bool = reach.JSON_OPTION) -> None:
    """Remove what is over: grants, sessions, old events, replaced secrets, unused clients. The server does it by itself."""

    async def work(house: House) -> dict[str, int]:
        return await house.database.run(house.clean_up)

    reach.show_one(dict(reach.with_house(work)), as_json=as_json)
