"""Processes: the CPU and the memory that a process and all its children have used."""

from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Memory:
    """Megabytes (10^6 bytes) of a process and its children."""

    rss: float
    pss: float
    """Pages that several processes share are counted in parts."""


def cpu(pid: int) -> float:
    """Seconds of CPU that a process, its living children and those that have ended used."""
    root = psutil.Process(pid)
    own = root.cpu_times()
    ended = own.children_user + own.children_system
    return float(own.user + own.system + ended) + sum(_cpu(child) for child in root.children(recursive=True))


def machine() -> float:
    """Seconds of CPU that everything on this machine has used, and those that a hypervisor took away."""
    used = psutil.cpu_times()
    return float(used.user + used.nice + used.system + used.irq + used.softirq + used.steal)


def memory(pid: int) -> Memory:
    """What a process and its children hold now."""
    root = psutil.Process(pid)
    found = [process.memory_full_info() for process in (root, *root.children(recursive=True))]
    return Memory(sum(one.rss for one in found) / _MEGABYTE, sum(one.pss for one in found) / _MEGABYTE)


def _cpu(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system)
