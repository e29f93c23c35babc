"""The report: tables for people, JSON for programs; it says what was measured and judges nothing but failures."""

import os
import platform
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.load import Load
from tests.bench.measuring import CONCURRENCY, Measured
from tests.bench.processes import Memory

_START_BUDGET_SECONDS = 1.2
_MEMORY_BUDGET_MEGABYTES = 100
_PERCENTILES = (50, 95, 99)
#: Above this, the numbers say as much of the neighbours as of the server.
_DISTURBED = 0.05

Row = tuple[str, ...]


@dataclass
class Report:
    """All that one run has found."""

    signatures: list[float] = field(default_factory=list)
    """Seconds of CPU for one signature, each a batch's mean."""
    starts: list[float] = field(default_factory=list)
    """Seconds from the start to the first answer."""
    idle: Memory | None = None
    loaded: Memory | None = None
    measured: list[Measured] = field(default_factory=list)

    @property
    def signature(self) -> float:
        """Seconds of CPU for one signature."""
        return statistics.median(self.signatures)

    @property
    def disturbance(self) -> float:
        """The part of the machine that others used, where it was worst."""
        return max((one.disturbance for one in self.measured), default=0.0)

    @property
    def failures(self) -> list[str]:
        """Every answer that was not as it should be."""
        return [f"{one.operation.name}: {failure}" for one in self.measured for failure in one.failures]

    def text(self) -> str:
        """The report as it is printed."""
        parts = [self._machine(), self._costs(), self._latencies(), self._process()]
        if self.disturbance > _DISTURBED:
            parts.append(
                f"Other programs used {self.disturbance:.0%} of this machine: all would cost less without them."
            )
        if self.failures:
            parts.append("\n".join([f"{len(self.failures)} ANSWERS WERE WRONG", *sorted(set(self.failures))[:20]]))
        return "\n\n".join(parts)

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "machine": {
                "cores": os.cpu_count(),
                "architecture": platform.machine(),
                "python": platform.python_version(),
            },
            "signature_ms": _ms(self.signature),
            "start_seconds": {"measured": self.starts, "budget": _START_BUDGET_SECONDS},
            "memory_mb": {
                "idle": vars(self.idle) if self.idle else None,
                "after_load": vars(self.loaded) if self.loaded else None,
                "budget": _MEMORY_BUDGET_MEGABYTES,
            },
            "operations": {one.operation.name: self._operation(one) for one in self.measured},
        }

    def _operation(self, one: Measured) -> dict[str, Any]:
        budget = one.operation.budget
        return {
            "server_ms": _ms(one.server_cpu),
            "database_ms": _ms(one.database_cpu),
            "signatures": {
                "server": self._in_signatures(one.server_cpu),
                "database": self._in_signatures(one.database_cpu),
                "sum": self._in_signatures(one.server_cpu + one.database_cpu),
                "budget": budget.signatures,
            },
            "round_trips": {"measured": one.round_trips, "budget": budget.round_trips},
            "busy": _load(one.busy),
            "alone": _load(one.alone),
            "disturbance": round(one.disturbance, 3),
            "failures": len(one.failures),
        }

    def _in_signatures(self, seconds: float) -> float:
        return round(seconds / self.signature, 3)

    def _machine(self) -> str:
        spread = f"{_ms(min(self.signatures))} to {_ms(max(self.signatures))}"
        return (
            f"Python {platform.python_version()} on {os.cpu_count()} cores ({platform.machine()}), one worker."
            f" One RS256 signature: {_ms(self.signature)} ms of CPU ({spread})."
        )

    def _costs(self) -> str:
        head = (
            "CPU in signatures",
            "server",
            "database",
            "sum",
            "budget",
            "",
            "server ms",
            "db ms",
            "round trips",
            "budget",
        )
        return _table([head, *(self._cost(one) for one in self.measured)])

    def _cost(self, one: Measured) -> Row:
        server, database = self._in_signatures(one.server_cpu), self._in_signatures(one.database_cpu)
        budget = one.operation.budget
        return (
            one.operation.name,
            f"{server:.2f}",
            f"{database:.2f}",
            f"{server + database:.2f}",
            _optional(budget.signatures),
            _verdict(server + database, budget.signatures),
            f"{_ms(one.server_cpu):.3f}",
            f"{_ms(one.database_cpu):.3f}",
            "" if one.round_trips is None else f"{one.round_trips:.1f}",
            _optional(budget.round_trips),
        )

    def _latencies(self) -> str:
        busy = [f"{CONCURRENCY} at once: p50" if percent == 50 else f"p{percent}" for percent in _PERCENTILES]
        alone = ["alone: p50" if percent == 50 else f"p{percent}" for percent in _PERCENTILES]
        head = ("latency in ms", *busy, "per second", *alone, "done", "failed")
        return _table([head, *(_latency(one) for one in self.measured)])

    def _process(self) -> str:
        rows: list[Row] = [("process", "measured", "budget", "")]
        if self.starts:
            start = statistics.median(self.starts)
            rows.append(_line("start to first answer, s", start, _START_BUDGET_SECONDS))
        for name, memory in (("idle", self.idle), ("after load", self.loaded)):
            if memory is not None:
                budget = _MEMORY_BUDGET_MEGABYTES if name == "idle" else None
                rows.append(_line(f"memory {name}, RSS in MB", memory.rss, budget))
                rows.append(_line(f"memory {name}, PSS in MB", memory.pss, budget))
        return _table(rows)


def _latency(one: Measured) -> Row:
    busy, alone = ([f"{load.percentile(percent):.2f}" for percent in _PERCENTILES] for load in (one.busy, one.alone))
    done = len(one.busy.latencies) + len(one.alone.latencies)
    return (one.operation.name, *busy, f"{one.busy.per_second:.0f}", *alone, str(done), str(len(one.failures)))


def _load(load: Load) -> dict[str, Any]:
    latencies = {f"p{percent}_ms": round(load.percentile(percent), 3) for percent in _PERCENTILES}
    return {"done": len(load.latencies), "per_second": round(load.per_second, 1), **latencies}


def _line(name: str, measured: float, budget: float | None) -> Row:
    return name, f"{measured:.2f}", _optional(budget), _verdict(measured, budget)


def _verdict(measured: float, budget: float | None) -> str:
    if budget is None:
        return ""
    return "met" if measured <= budget else "OVER"


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 4)


def _table(rows: Iterable[Row]) -> str:
    """Columns as wide as their widest cell: names to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells)
        ).rstrip()
        for cells in (zip(row, widths, strict=True) for row in rows)
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
