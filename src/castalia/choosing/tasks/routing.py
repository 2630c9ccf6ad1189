"""placeholder"""
from dataclasses import dataclass
from castalia.core.errors import BadRequest
@dataclass
class Route:
    task: str
    confidence: float
    reasons: list
    options: dict
def route(wish, kinds):
    raise BadRequest("unclear", hint="")
