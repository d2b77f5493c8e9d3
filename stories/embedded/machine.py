"""Resources of this machine for a model: memory and cores."""

import os
from pathlib import Path

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY = Path("/proc/meminfo")
_CPUS = Path("/sys/devices/system/cpu")


def memory_bytes() -> int:
    """The machine's memory in all, or the container's share of it."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def available_bytes() -> int:
    """Memory to be had without driving others out; all memory on systems without that figure."""
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:  # macOS
        return memory_bytes()
    kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    return min(kibibytes * 1024, memory_bytes())


def physical_cores() -> int:
    """Cores this process may use, counting hyper-threads of one core once: more only slow it."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:  # macOS
        return os.cpu_count() or 1
    return len({_siblings(cpu) for cpu in allowed})


def _siblings(cpu: int) -> str:
    try:
        return (_CPUS / f"cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)
