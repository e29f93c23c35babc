"""`oidc-server serve`: the server itself."""

import asyncio
import gc
import os
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import typer
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from oidc_server.accounts import directory, first_administrator
from oidc_server.app import create_app
from oidc_server.cli import demo, migrate, reach
from oidc_server.cli.listeners import Listener, Second
from oidc_server.foundation.telemetry import logs
from oidc_server.foundation.telemetry.metrics import MULTIPROCESS_DIR
from oidc_server.foundation.web.serving import DeadlineProtocol
from oidc_server.house import House
from oidc_server.playground import page as playground
from oidc_server.settings.model import PREFIX, Settings

#: In which whoever reads a body refuses it with words before the connection is closed.
_GRACE_SECONDS = 2
#: The status with which uvicorn leaves when an application doesn't start.
_DID_NOT_START = 3
#: In which a worker gives a sign of life. One that still loads gives none: a slow machine must not kill it each time.
_WORKER_DEADLINE_SECONDS = 60


def serve(
    host: str = typer.Option("127.0.0.1", help="The address to listen on; 0.0.0.0 for all."),
    port: int = typer.Option(8000, min=0, max=65535, help="The port to listen on."),
    workers: int = typer.Option(
        1, min=1, max=128, help="Processes; about one for each core. Needs PostgreSQL to be of much use."
    ),
    dev: bool = typer.Option(
        False, "--dev", help="Development mode: migrates, makes demo data, serves http. Never in production."
    ),
    ssl_certfile: Path | None = typer.Option(
        None, exists=True, dir_okay=False, help="The certificate chain, to serve https itself."
    ),
    ssl_keyfile: Path | None = typer.Option(None, exists=True, dir_okay=False, help="The certificate's private key."),
    mtls_port: int | None = typer.Option(
        None,
        min=1,
        max=65535,
        help="A second https port, at which clients are asked for certificates of OIDC_MTLS_CA_FILE.",
    ),
) -> None:
    """Serve. In production, put a proxy that does TLS in front, or give a certificate."""
    if dev:
        os.environ[f"{PREFIX}DEVELOPMENT"] = "true"
        os.environ.setdefault(f"{PREFIX}ISSUER", f"http://localhost:{port}")
    settings = reach.settings()
    try:
        settings.require_issuer()
    except ValueError as error:
        reach.fail(str(error))
    _require_free(host, port, "--port")
    _require_certificate(ssl_certfile, ssl_keyfile)
    first = Listener(host, port, ssl_certfile, ssl_keyfile)
    second = _second(settings, first, mtls_port)
    if settings.development:
        _furnish(settings)
    else:
        reach.run_async(_check(settings))
    with _shared_metrics(workers), reach.in_words():
        _run(settings, first, second, workers)


def _second(settings: Settings, first: Listener, port: int | None) -> Second | None:
    """The listener that asks for certificates, if there is to be one."""
    ca_file = settings.mtls.ca_file
    if port is None and ca_file is None:
        return None
    if port is None:
        reach.fail("OIDC_MTLS_CA_FILE needs --mtls-port: browsers would ask people for certificates at the first one.")
    if ca_file is None:
        reach.fail("--mtls-port needs OIDC_MTLS_CA_FILE: the authorities whose certificates clients may show.")
    if first.certfile is None:
        reach.fail(
            "--mtls-port needs --ssl-certfile and --ssl-keyfile; behind a proxy that does TLS, see OIDC_MTLS_HEADER."
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        reach.fail(f"OIDC_MTLS_CA_FILE names {ca_file}, which holds no certificates: {error}")
    _require_free(first.host, port, "--mtls-port")
    listener = replace(first, port=port, ca_file=ca_file)
    return Second(listener, listener.config(None, settings).bind_socket())


def _run(settings: Settings, first: Listener, second: Second | None, workers: int) -> None:
    """Serve until somebody says stop; uvicorn's own `run` takes no application that is told more than settings."""
    config = first.config(
        partial(application, second),
        settings,
        factory=True,
        workers=workers,
        timeout_worker_healthcheck=_WORKER_DEADLINE_SECONDS,
    )
    if workers > 1:
        # A worker that refuses to start is started again and again: what refuses says so here, once.
        asyncio.run(create_app(settings).state.house.close())
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_DID_NOT_START)


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """A folder in which several workers share their metrics."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="oidc-server-metrics-") as folder:
        os.environ[MULTIPROCESS_DIR] = folder
        yield


def application(second: Second | None = None) -> FastAPI:
    """The application of one worker, which opens and closes the second listener."""
    settings = Settings()
    logs.configure(settings)
    DeadlineProtocol.header_deadline_seconds = settings.http.header_deadline.total_seconds()
    DeadlineProtocol.body_deadline_seconds = settings.http.body_deadline.total_seconds() + _GRACE_SECONDS
    app = create_app(settings)
    if second is not None:
        app.router.lifespan_context = second.beside(app.router.lifespan_context, settings)
    # What is here now stays: the garbage collector need not look at it again and again, nor after every few objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    return app


def _require_certificate(certfile: Path | None, keyfile: Path | None) -> None:
    if certfile is None:
        if keyfile is not None:
            reach.fail("--ssl-keyfile needs --ssl-certfile: the certificate of this key.")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as error:
        named = f"{certfile} and {keyfile}" if keyfile else f"{certfile} (there is no --ssl-keyfile)"
        reach.fail(f"{named} hold no certificate with its key: {error}")


def _require_free(host: str, port: int, option: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reach.fail(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with {option}.")


async def _check(settings: Settings) -> None:
    house = House(settings)
    try:
        await house.check()
    finally:
        await house.close()


def _furnish(settings: Settings) -> None:
    """Prepare a development server, and say what runs where."""
    migrate.prepare(settings)
    link = reach.run_async(_demo(settings))
    issuer = settings.issuer
    lines = {
        "Playground": issuer + playground.PATH,
        "Sign in as": f"{demo.USERNAME} / {demo.PASSWORD}",
        "Demo client": f"{demo.CLIENT_ID} / {demo.CLIENT_SECRET}",
        "Discovery": f"{issuer}/.well-known/openid-configuration",
        "API docs": f"{issuer}/docs",
        "Database": settings.database.url.get_secret_value().partition("@")[2]
        or settings.database.url.get_secret_value(),
        **({"Administrator": f"{link} (once, within 24 hours)"} if link else {}),
    }
    reach.out.print(f"\n[bold]oidc-server[/] in development mode: {issuer}\n")
    for name, value in lines.items():
        reach.out.print(f"  {name:<14} {value}")
    reach.out.print("\n  Stop with Ctrl-C.\n")
    sys.stdout.flush()


async def _demo(settings: Settings) -> str | None:
    """Make the demo data; the one-time link while there is no administrator."""
    house = House(settings)

    def furnish() -> bool:
        demo.furnish(house)
        with house.database.autocommit() as connection:
            return directory.has_administrator(connection)

    try:
        has_administrator: Any = await house.database.run(furnish)
    finally:
        await house.close()
    if has_administrator:
        return None
    token = first_administrator.mint(house.sealing)
    return f"{settings.issuer}{first_administrator.PATH}?{first_administrator.PARAMETER}={token}"
