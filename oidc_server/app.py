"""Settings in, ASGI application out: composition only."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from fastapi import FastAPI
from starlette.routing import Route

from oidc_server import hallway
from oidc_server.accounts.enrolment import Enrolment
from oidc_server.accounts.known_devices import KnownDevices
from oidc_server.accounts.pages.account import picture
from oidc_server.accounts.visitors import Visitors
from oidc_server.api import routes as api_routes
from oidc_server.api.logins import Logins
from oidc_server.api.operations import describing, serving
from oidc_server.audit import trail
from oidc_server.clients import software_statements, uses
from oidc_server.foundation import posture
from oidc_server.foundation.changes import READ_EVERY_SECONDS
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.jobs import Job, Jobs
from oidc_server.foundation.mail import postman
from oidc_server.foundation.telemetry.health import Check, Health
from oidc_server.foundation.web import uploads
from oidc_server.foundation.web.browsers import Browsers
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.gate import Gate
from oidc_server.foundation.web.operations import Operations
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.shortcut import Shortcut
from oidc_server.house import House
from oidc_server.logouts import delivery
from oidc_server.oauth import discovery, documents
from oidc_server.oauth import routes as oauth_routes
from oidc_server.oauth.authorize.request_object import RequestObjects
from oidc_server.oauth.cors import Cors
from oidc_server.oauth.documents import Documents, Prepared
from oidc_server.oauth.routes import Surroundings
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.playground import mailbox, reference
from oidc_server.playground import page as playground
from oidc_server.projects.rules import Rules
from oidc_server.refusals import Refusals
from oidc_server.settings.model import Settings

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole server as an ASGI application; Misconfigured if it must not run like this.

    Whoever embeds it runs its lifespan, and configures logging: `telemetry.logs.configure` does it as `serve` does.
    """
    settings = settings or Settings()
    try:
        settings.require_issuer()
    except ValueError as error:
        raise Misconfigured(str(error)) from error
    house = House(settings)
    fetch = house.outbound.document if settings.protocol.request_uri else None
    server = AuthorizationServer(
        settings.protocol,
        house.database,
        house.registry,
        house.issuing,
        house.sign_in,
        house.trail,
        RequestObjects(settings.issuer, house.sealing, house.key_sets, house.ring, fetch),
        may_sign_up=settings.sign_up_mode == "open",
    )
    oauth_routes.register(server, house.registry, house.sealing, house.key_sets, by_certificate=settings.mtls.methods)
    health = Health([Check("database", lambda: house.database.run(house.changes.look))])
    app = FastAPI(
        title="oidc-server",
        openapi_url="/openapi.json" if settings.development else None,
        docs_url=None,
        redoc_url=None,
        # A redirect would be made of the Host header, and would ask browsers to send a form again.
        redirect_slashes=False,
        # Its spans would hold whole URLs, with codes and tokens in them; logs and metrics are our own.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan(house, health),
    )
    app.state.house = house
    _mount(app, house, server, health)
    return app


def _mount(app: FastAPI, house: House, server: AuthorizationServer, health: Health) -> None:
    settings = house.settings
    pages = Pages(settings, Browsers(settings, house.sealing))
    visitors = Visitors(settings, house.database, house.ledger)
    error_pages = ErrorPages(pages, is_development=settings.development)
    statements = software_statements.load(settings.registration.software_statement_keys_file)
    around = Surroundings(settings, pages, error_pages, visitors, house.throttles, statements, house.outbound)
    oauth = oauth_routes.build(server, around)
    projects = Rules(
        settings,
        house.database,
        house.registry,
        house.sealing,
        house.throttles,
        house.outbound,
        server.authentication_methods,
    )
    accounts = hallway.build(house, pages, visitors, error_pages, projects)
    devices = KnownDevices(settings, house.sealing, house.letters)
    logins = Logins(server, house.second_factors, devices)
    enrolment = Enrolment(settings, house.sealing, house.second_factors.passkeys, house.letters)
    operations = api_routes.operations(
        settings, server, house.self_service, house.password_change, logins, enrolment, projects, health
    )
    api = serving(api_routes.PREFIX, operations)
    app.include_router(oauth)
    app.include_router(accounts)
    app.include_router(api)
    plain = [route for router in (oauth, accounts, api) for route in router.routes if isinstance(route, Route)]
    app.include_router(
        Operations(settings, health, [house.database.breaker, house.throttles.breaker, house.postman.breaker]).router()
    )
    app.add_route("/assets/{name}", pages.assets.show, include_in_schema=False)
    if settings.development:
        app.include_router(playground.build(settings, pages))
        app.include_router(reference.build(app, partial(describing, api_routes.PREFIX, operations)))
        app.include_router(mailbox.build(pages, house.database, house.sealing))
    answers = Refusals(error_pages)
    for kind, handler in answers.handlers.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Shortcut, routes=plain, base_path=settings.base_path, handlers=answers.handlers)
    _wrap(app, house, server, answers)


def _wrap(app: FastAPI, house: House, server: AuthorizationServer, answers: Refusals) -> None:
    """The layers around the application, innermost first."""
    settings = house.settings
    metadata = discovery.Document(discovery.metadata(settings, server))
    prepared: dict[str, Callable[[], Prepared]] = {}
    prepared |= dict.fromkeys(("/jwks", f"{settings.base_path}/jwks"), house.ring.published)
    prepared |= dict.fromkeys(discovery.well_known_paths(settings), lambda: metadata)
    app.router.routes.extend(documents.routes(prepared))
    cors_paths = frozenset(prepared) | {settings.base_path + path for path in oauth_routes.CORS_PATHS}

    app.add_middleware(Gate, settings=settings, failed=answers.failed, larger=_larger_bodies(settings))
    app.add_middleware(Documents, settings=settings, documents=prepared)
    app.add_middleware(Cors, database=house.database, registry=house.registry, paths=cors_paths)


def _larger_bodies(settings: Settings) -> dict[str, int]:
    """How many bytes a request may have where it may have more than anywhere else."""
    most = max(settings.http.max_body, settings.pictures.max_bytes + uploads.ENVELOPE_BYTES)
    return dict.fromkeys((f"/{picture.PATH}", f"{settings.base_path}/{picture.PATH}"), most)


def _lifespan(house: House, health: Health) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await house.check()
        house.passwords.prepare()
        jobs = Jobs(_jobs(house))
        jobs.start()
        log.info("posture", relaxed=posture.relaxed(house.settings))
        log.info("started", issuer=house.settings.issuer, development=house.settings.development)
        try:
            yield
        finally:
            health.is_stopping = True
            await jobs.stop()
            await house.close()
            log.info("stopped")

    return lifespan


def _jobs(house: House) -> list[Job]:
    """What every worker does by itself."""
    run = house.database.run
    return [
        Job("follow changes", timedelta(seconds=READ_EVERY_SECONDS), lambda: run(house.follow_changes)),
        Job("write audit events", trail.WRITE_EVERY, house.trail.write),
        Job("write client uses", uses.WRITE_EVERY, lambda: run(house.registry.uses.write)),
        Job("tell of logouts", delivery.LOOK_EVERY, house.deliveries.work, house.deliveries.bell),
        Job("send mails", postman.LOOK_EVERY, house.postman.work, house.postman.bell),
        Job("turn keys", timedelta(minutes=1), lambda: run(house.rotation.turn)),
        Job("clean up", timedelta(minutes=10), lambda: run(house.clean_up)),
    ]
