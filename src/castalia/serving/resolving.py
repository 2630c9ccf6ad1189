"""From a choice to a request with nothing left open: model, engine, seed, every option."""

import secrets
from typing import cast

from pydantic import BaseModel, ValidationError

from castalia.core.errors import BadRequest, UnsupportedOption
from castalia.core.models import Model
from castalia.core.plugins import engines, modalities, resolve
from castalia.core.requests import Request
from castalia.core.results import Choice
from castalia.core.specs import EngineSpec

FORMATS = {".jpg": "jpeg", ".mid": "midi", ".oga": "ogg", ".pq": "parquet", ".xml": "musicxml"}
"""File suffixes that are not spelt as the format."""

ANY = "*"
"""In an engine's spec: every modality, or every option of a modality."""


def resolve_request(request: Request, choice: Choice, model: Model) -> Request:
    """The request as the engine gets it.

    Options come from the modality's defaults < the model < the chooser < the person. Raises BadRequest for a wrong
    value, UnsupportedOption for an option of the person's that the engine cannot carry out.
    """
    engine = engine_for(request, choice, model)
    spec = engines().spec(engine)
    options_type = options_class(spec, choice.modality)
    check_supported(request.options, options_type, spec, choice.modality)
    proposed = {**model.options, **choice.settings}
    known = {name: value for name, value in proposed.items() if name in options_type.model_fields}
    if request.suffix is not None and "format" in options_type.model_fields:
        known["format"] = FORMATS.get(request.suffix.lower(), request.suffix.lower().lstrip("."))
    options = validated(options_type, {**known, **request.options})
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    return request.model_copy(
        update={"modality": choice.modality, "model": model.name, "engine": engine, "seed": seed, "options": options}
    )


def engine_for(request: Request, choice: Choice, model: Model) -> str:
    """The engine that runs it: the one asked for, else the first of the model's that carries out what the person set.

    Raises BadRequest when the one asked for does not run the model.
    """
    if request.engine is not None and request.engine not in model.engines:
        raise BadRequest(
            f"{model.name} does not run on the engine {request.engine!r}.",
            hint=f"It runs on: {', '.join(model.engines)}.",
        )
    if request.engine is not None:
        return request.engine
    usual = choice.engine or model.engine
    able = (name for name in (usual, *model.engines) if _carries_out(name, request.options, choice.modality))
    return next(able, usual)


def _carries_out(engine: str, options: dict[str, object], modality: str) -> bool:
    spec = engines().spec(engine)
    try:
        check_supported(options, options_class(spec, modality), spec, modality)
    except UnsupportedOption:
        return False
    return not engines().missing(engine)


def options_class(spec: EngineSpec, modality: str) -> type[BaseModel]:
    """The pydantic class that these options must satisfy."""
    import_string = spec.request_options or modalities().spec(modality).options
    return cast(type[BaseModel], resolve(import_string))


def check_supported(options: dict[str, object], options_type: type[BaseModel], spec: EngineSpec, modality: str) -> None:
    """Raise UnsupportedOption for the first known option, other than its default, that the engine does not honour."""
    supported = {*spec.options.get(modality, ()), *spec.options.get(ANY, ())}
    for name, value in options.items():
        field = options_type.model_fields.get(name)
        if field is None or value == field.get_default(call_default_factory=True):
            continue
        if name not in supported and ANY not in supported:
            raise UnsupportedOption(
                f"The engine {spec.name!r} does not support the option {name!r} for {modality}.",
                hint=f"It supports: {', '.join(sorted(supported))}. Leave it out, or choose another engine.",
            )
        limit = spec.limits.get(name)
        if limit is not None and isinstance(value, int | float) and value > limit:
            raise UnsupportedOption(
                f"The engine {spec.name!r} carries out {name!r} up to {limit:g} only.",
                hint=f"Ask for {name}={limit:g} at most, or choose another engine.",
            )


def validated(options_type: type[BaseModel], values: dict[str, object]) -> dict[str, object]:
    """The complete options. Raises BadRequest that names the option, what is wrong and what there is."""
    try:
        return options_type.model_validate(values).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(piece) for piece in first["loc"])
        if first["type"] == "extra_forbidden":
            names = ", ".join(options_type.model_fields)
            raise BadRequest(f"There is no option {name!r} here.", hint=f"There are: {names}.") from None
        raise BadRequest(f"The option {name!r} is wrong: {first['msg']}.", hint="Correct that value.") from None
