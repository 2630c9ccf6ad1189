"""What endpoints reach of the house: the desk that `castalia.server.app` puts into the application's state."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from castalia.server.http.limits import Queue
from castalia.serving.house import House


@dataclass
class Desk:
    """The house and the queue in front of it."""

    house: House
    queue: Queue


def _desk(request: Request) -> Desk:
    return request.app.state.desk


DeskDependency = Annotated[Desk, Depends(_desk)]
