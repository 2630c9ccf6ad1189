"""Which engine processes run on this machine, told by small files in ``<home>/run``: the list behind `castalia ps`."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import BaseModel

from castalia.store.locking import write_whole


class Presence(BaseModel):
    """A living engine process. ``memory`` is in bytes, its children's included."""

    pid: int
    owner: int
    model: str
    engine: str
    started: datetime
    memory: int = 0


def announce(folder: Path, pid: int, model: str, engine: str) -> Path:
    """Write the file of a process; the caller unlinks it when the process ends."""
    presence = Presence(pid=pid, owner=os.getpid(), model=model, engine=engine, started=datetime.now(UTC))
    path = folder / f"{pid}.json"
    write_whole(path, presence.model_dump_json().encode())
    return path


def present(folder: Path) -> list[Presence]:
    """Every living engine process, the oldest first; files of dead ones are cleared away."""
    found: list[Presence] = []
    for path in folder.glob("*.json"):
        try:
            presence = Presence.model_validate(json.loads(path.read_text()))
        except FileNotFoundError:
            continue  # its owner has just taken it away
        memory = resident_bytes(presence.pid)
        if memory is None:
            path.unlink(missing_ok=True)
        else:
            found.append(presence.model_copy(update={"memory": memory}))
    return sorted(found, key=lambda presence: presence.started)


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process and its children, or None when it is gone."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return None
