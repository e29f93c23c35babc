"""Whether the time of an answer tells who has an account: `python -m tests.bench.timing`, over a real server.

Each door is knocked at in turn by people whom the server knows and by some whom it doesn't; what counts is how far the
medians lie apart. Hashes are cheap here, so that whatever else takes time stands out; with the cost of a real
installation the same difference is a far smaller part of an answer.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy.orm import Session

from oidc_server.accounts.links import Asking
from oidc_server.accounts.sign_up import Wish
from oidc_server.cli import migrate
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests import factories, postgres
from tests.accounts.deeds import in_transaction
from tests.bench import sink
from tests.bench.knocking import Caller, Knock
from tests.conftest import make_settings
from tests.servers import serving

ALLOWED = 0.10
_PEOPLE = 100
_WARM_UP = 50
#: Until a mail has been sent.
_SETTLES_IN_SECONDS = 0.05
_WRONG = "not the password at all"
_LEGACY = ("legacy", factories.secret_of("legacy"))
#: Nobody is held up: what throttles do is the same for all, and measured elsewhere.
_NO_LIMITS = {
    f"OIDC_THROTTLE_{name}": "1000000"
    for name in ("USER_FAILURES", "ADDRESS_FAILURES", "MAILS_PER_ACCOUNT", "MAILS_PER_ADDRESS")
}


@dataclass
class Door:
    """A place where somebody says who they are, and the kinds of people who do; all should resemble the first one."""

    name: str
    kinds: dict[str, Callable[[int], Knock]]
    then: Knock | None = None
    """What is asked for right after it, whose time counts instead."""
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def lines(self) -> Iterator[tuple[str, bool]]:
        """What was found: a line for each kind, and whether it is good."""
        reference = median(self.seconds[next(iter(self.kinds))])
        for kind, found in self.seconds.items():
            apart = median(found) / reference - 1
            noise = abs(median(found[::2]) / median(found[1::2]) - 1)
            text = f"{self.name:<22} {kind:<22} {median(found) * 1000:8.2f} ms {apart:+8.1%} {noise:8.1%}"
            yield text, abs(apart) <= ALLOWED


def _doors(caller: Caller) -> list[Door]:
    login, forgot, sign_up = (caller.form_of(path) for path in ("/login", "/forgot-password", "/signup"))

    def typed(name: Callable[[int], str]) -> Callable[[int], Knock]:
        return lambda number: login.filled(username=name(number), password=_WRONG)

    def called(name: Callable[[int], str]) -> Callable[[int], Knock]:
        return lambda number: Knock.json("/api/v1/auth/login", username=name(number), password=_WRONG)

    def granted(name: Callable[[int], str]) -> Callable[[int], Knock]:
        return lambda number: Knock.form(
            "/token", _LEGACY, grant_type="password", username=name(number), password=_WRONG
        )

    def forgotten(name: Callable[[int], str]) -> Callable[[int], Knock]:
        return lambda number: forgot.filled(username=_address(name(number)))

    def made(name: Callable[[int], str]) -> Callable[[int], Knock]:
        return lambda number: sign_up.filled(email=_address(name(number)), password="engines weave algebra")

    people = {"known": _one("person"), "unknown": _one("nobody"), "without a password": _one("linked"),
              "disabled": _one("former")}  # fmt: skip
    asking = {"new": _new("fresh"), "taken": _one("person"), "disabled": _one("former"), "waits": _one("waiter")}
    return [
        Door("login page", {kind: typed(name) for kind, name in people.items()}),
        Door("api/v1/auth/login", {kind: called(name) for kind, name in people.items()}),
        Door("password grant", {kind: granted(name) for kind, name in people.items()}),
        Door("forgot-password", {kind: forgotten(name) for kind, name in people.items()}),
        Door(
            "after forgot-password",
            {kind: forgotten(name) for kind, name in people.items()},
            Knock("GET", "/forgot-password"),
        ),
        Door("signup", {kind: made(name) for kind, name in asking.items()}),
    ]


def _one(kind: str) -> Callable[[int], str]:
    return lambda number: f"{kind}-{number % _PEOPLE:06}"


def _new(kind: str) -> Callable[[int], str]:
    return lambda number: f"{kind}--{number:06}"


def _address(name: str) -> str:
    return f"{name}@example.com"


def _measure(door: Door, caller: Caller, tries: int) -> None:
    """Let people of all kinds knock in an order without any pattern: what one leaves to be done meets every kind alike."""
    order = [kind for kind in door.kinds for _ in range(tries)]
    random.Random(door.name).shuffle(order)
    for number in range(_WARM_UP):
        for kind in door.kinds:
            caller.knock(door.kinds[kind](number))
    door.seconds = {kind: [] for kind in door.kinds}
    for kind in order:
        found = door.seconds[kind]
        knock = door.kinds[kind](_WARM_UP + len(found))
        if door.then is not None:
            time.sleep(_SETTLES_IN_SECONDS)
            caller.knock(knock)
            knock = door.then
        started_at = perf_counter()
        caller.knock(knock)
        found.append(perf_counter() - started_at)


async def _furnish(settings: Settings) -> None:
    async with opened(settings) as house:
        users = [factories.user(_one("person")(number)) for number in range(_PEOPLE)]
        users += [factories.user(_one("former")(number), enabled=False) for number in range(_PEOPLE)]
        users += [factories.user(_one("linked")(number)) for number in range(_PEOPLE)]
        usual = factories.usual()
        await house.database.run(factories.furnish, house, factories.World(usual.clients, users, usual.resources))
        await in_transaction(house, _forget_passwords)
        for number in range(_PEOPLE):
            await _sign_up(house, _address(_one("waiter")(number)))


def _forget_passwords(session: Session) -> None:
    session.connection().exec_driver_sql("UPDATE users SET password_hash = NULL WHERE username LIKE 'linked-%%'")


async def _sign_up(house: House, email: str) -> None:
    wish = Wish(email, "engines weave algebra", accepts_terms=True, neighbourhood=email, asking=Asking())
    await house.database.run(house.self_service.sign_up.ask, wish)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/timing.db"
        return
    with postgres.started(folder / "pg", is_careless=True) as pg:
        yield pg.url(pg.create())


def main() -> int:
    """Measure; the exit status says whether all was well."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="oidc-timing-") as name, sink.swallowing() as smtp:
        folder = Path(name)
        folder.chmod(0o755)
        with _database(options.database, folder) as url:
            settings = make_settings(url, folder / "keys", password={"bcrypt_rounds": options.rounds})
            migrate.prepare(settings)
            asyncio.run(_furnish(settings))
            mail = {"OIDC_SMTP_URL": smtp, "OIDC_SMTP_FROM": "login@example.com", "OIDC_LOG_LEVEL": "INFO"}
            verified = {"OIDC_SIGN_UP_REQUIRE_VERIFIED_EMAIL": "true"}
            environment: dict[str, Any] = {**_NO_LIMITS, **mail, **verified}
            with serving(settings, folder, **environment) as server, Caller(server.issuer) as caller:
                doors = [door for door in _doors(caller) if options.only in door.name]
                for door in doors:
                    _measure(door, caller, options.tries)
    lines = [line for door in doors for line in door.lines()]
    sys.stdout.write(f"{'door':<22} {'who':<22} {'median':>11} {'apart':>8} {'noise':>8}\n")
    sys.stdout.writelines(f"{text}{'' if is_good else '  TOO FAR'}\n" for text, is_good in lines)
    return 0 if all(is_good for _, is_good in lines) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.timing", description=__doc__)
    parser.add_argument("--tries", type=int, default=500, help="of each kind of people at each door (%(default)s)")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rounds", type=int, default=4, help="bcrypt's cost (%(default)s)")
    parser.add_argument("--only", default="", help="doors whose name holds this")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
