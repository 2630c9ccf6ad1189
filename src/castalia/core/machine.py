"""What this machine has to compute with."""

import os


def usable_cores() -> int:
    """Processor cores that this process may use, at least 1; in a container fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
