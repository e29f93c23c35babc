"""What operators' machines ask: /health/live, /health/ready, /health and /metrics."""

import json

from circuitbreaker import CircuitBreaker
from fastapi import APIRouter, Request
from starlette.responses import Response

from oidc_server.foundation.telemetry import metrics
from oidc_server.foundation.telemetry.health import Health
from oidc_server.foundation.web import caller
from oidc_server.settings.model import Settings


class Operations:
    """Says how the server is; details only to the networks that may read metrics."""

    def __init__(self, settings: Settings, health: Health, breakers: list[CircuitBreaker | None]) -> None:
        self._settings = settings
        self._health = health
        self._breakers = [breaker for breaker in breakers if breaker is not None]

    def router(self) -> APIRouter:
        """The router of these endpoints."""
        router = APIRouter(tags=["Operations"])
        router.add_api_route("/health/live", self.live, methods=["GET", "HEAD"])
        router.add_api_route("/health/ready", self.ready, methods=["GET", "HEAD"])
        router.add_api_route("/health", self.health, methods=["GET", "HEAD"])
        router.add_api_route("/metrics", self.metrics, methods=["GET", "HEAD"])
        return router

    async def live(self) -> Response:
        """200 while the process answers at all."""
        return _json({"status": "ok"})

    async def ready(self) -> Response:
        """200 while requests should be sent here, 503 otherwise."""
        is_well, _ = await self._health.report()
        return _json({"status": "ok" if is_well else "unavailable"}, 200 if is_well else 503)

    async def health(self, request: Request) -> Response:
        """Readiness with its reasons, for those who may know them."""
        is_well, checks = await self._health.report()
        body: dict[str, object] = {"status": "ok" if is_well else "unavailable"}
        if self._may_know(request):
            body |= {"checks": checks, "circuit_breakers": {breaker.name: breaker.state for breaker in self._breakers}}
        return _json(body, 200 if is_well else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus's text format."""
        if not self._may_know(request):
            return _json({"detail": "Your address may not read metrics.", "error_code": "forbidden"}, 403)
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    def _may_know(self, request: Request) -> bool:
        is_direct = caller.is_direct(request.scope, self._settings.trusted_proxies)
        return is_direct and caller.is_within(request.scope["caller"], self._settings.metrics.allow)


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, {"Cache-Control": "no-store"}, media_type="application/json")
