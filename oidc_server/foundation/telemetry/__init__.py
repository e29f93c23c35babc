"""Telemetry: what operators see from outside: logs, metrics and health."""
