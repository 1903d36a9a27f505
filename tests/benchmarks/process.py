"""Resources that a process used, as the kernel counts them for all its threads."""

from __future__ import annotations

from pathlib import Path


def cpu_ns(pid: int) -> int:
    """CPU time of all threads until now, user and system, in nanoseconds."""
    return sum(int(path.read_text().split()[0]) for path in _tasks(pid, "schedstat"))


def wakeups(pid: int) -> int:
    """Number of voluntary context switches: each is followed by a wake-up."""
    return sum(_field(path, "voluntary_ctxt_switches") for path in _tasks(pid, "status"))


def resident_bytes(pid: int) -> int:
    """Resident memory (VmRSS) in bytes."""
    return _field(Path(f"/proc/{pid}/status"), "VmRSS") * 1024


def igmp_queue(pid: int) -> tuple[int, int]:
    """Queued bytes and dropped packets of the IGMP sockets in the process's namespace."""
    waiting = lost = 0
    for line in Path(f"/proc/{pid}/net/raw").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(":0002"):
            waiting += int(fields[4].split(":")[1], 16)
            lost += int(fields[12])
    return waiting, lost


def _tasks(pid: int, name: str) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").glob(f"*/{name}"))


def _field(path: Path, key: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)
