"""GET /v1/models, GET /v1/models/{name}"""

from fastapi import APIRouter

from castalia.core.models import Model
from castalia.core.requests import AUTO
from castalia.server.desk import DeskDependency

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
def list_models(desk: DeskDependency) -> dict[str, object]:
    """All models, and ``auto``, which lets Castalia choose."""
    auto = {"id": AUTO, "object": "model", "created": 0, "owned_by": "castalia"}
    return {"object": "list", "data": [auto, *(model_object(model) for model in desk.house.registry.list())]}


@router.get("/{name}")
def get_model(name: str, desk: DeskDependency) -> dict[str, object]:
    """One model by name or alias."""
    return model_object(desk.house.registry.get(name))


def model_object(model: Model) -> dict[str, object]:
    """A model in OpenAI's shape; what is ours stands under ``castalia``."""
    ours = model.model_dump(
        mode="json", include={"outputs", "inputs", "family", "engines", "aliases", "licence", "source"}
    )
    created = int(model.created.timestamp())
    return {"id": model.name, "object": "model", "created": created, "owned_by": "castalia", "castalia": ours}
