"""Metrics: counters and timings that Prometheus reads.

Workers of one `serve --workers N` share them through the folder that `PROMETHEUS_MULTIPROC_DIR` names; `serve` sets it.
"""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

requests = Counter("oidc_http_requests_total", "Requests answered.", ["route", "method", "status"])
request_seconds = Histogram(
    "oidc_http_request_duration_seconds", "Time to answer a request.", ["route"], buckets=_BUCKETS
)
breaker_open = Gauge(
    "oidc_circuit_breaker_open", "1 while a circuit breaker is open.", ["breaker"], multiprocess_mode="max"
)
tokens_issued = Counter("oidc_tokens_issued_total", "Successful token requests.", ["grant_type"])
token_errors = Counter("oidc_token_errors_total", "Refused token requests.", ["error"])
sign_ins = Counter("oidc_sign_ins_total", "Sign-in attempts.", ["outcome"])
password_queue = Gauge(
    "oidc_password_queue_length", "Password hashes that wait for a thread.", multiprocess_mode="livesum"
)
outbound = Counter("oidc_outbound_requests_total", "Calls to other servers.", ["outcome"])
logout_deliveries = Counter("oidc_logout_deliveries_total", "Tries to tell a client of a logout.", ["outcome"])
mails = Counter("oidc_mails_total", "Tries to send a mail.", ["outcome"])
audit_lost = Counter("oidc_audit_events_lost_total", "Audit events that could not be written.")


def exposition() -> bytes:
    """Everything, in Prometheus's text format."""
    if MULTIPROCESS_DIR in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # a library without types
        return generate_latest(registry)
    return generate_latest(REGISTRY)
