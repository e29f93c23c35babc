"""Listeners: the port that everybody comes to, and the one that asks clients for certificates (docs/decisions/0017).

One process serves both with one application: the second one opens and closes with it.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from oidc_server.foundation.web.serving import DeadlineProtocol
from oidc_server.settings.model import Settings

_KEEP_ALIVE_SECONDS = 65

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True)
class Listener:
    """Where to listen, with which certificate, and whose certificates clients are asked for."""

    host: str
    port: int
    certfile: Path | None = None
    keyfile: Path | None = None
    ca_file: Path | None = None

    def config(self, app: Any, settings: Settings, **more: Any) -> uvicorn.Config:
        """What uvicorn needs to serve an application here."""
        return uvicorn.Config(
            app,
            host=self.host,
            port=self.port,
            http=DeadlineProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=int(settings.http.stop_deadline.total_seconds()),
            ssl_certfile=self.certfile,
            ssl_keyfile=self.keyfile,
            ssl_ca_certs=self.ca_file,
            # Whoever shows none is told so by the endpoint, in words that it understands.
            ssl_cert_reqs=ssl.CERT_OPTIONAL if self.ca_file else ssl.CERT_NONE,
            **more,
        )


@dataclass(frozen=True)
class Second:
    """A listener beside the first; its socket is one for all workers."""

    listener: Listener
    socket: socket.socket

    def beside(self, lifespan: Lifespan, settings: Settings) -> Lifespan:
        """A lifespan in which this listener is open as long as the application runs."""

        @asynccontextmanager
        async def both(app: FastAPI) -> AsyncIterator[Any]:
            async with lifespan(app) as state, self._open(app, settings):
                yield state

        return both

    @asynccontextmanager
    async def _open(self, app: FastAPI, settings: Settings) -> AsyncIterator[None]:
        server = _Quiet(self.listener.config(app, settings, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[self.socket]))
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
                await asyncio.sleep(0.01)
            if serving.done():
                raise RuntimeError(f"Nobody listens on port {self.listener.port}.") from serving.exception()
            yield
        finally:
            server.should_exit = True
            await serving


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the one beside which it runs."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear none."""
        yield
