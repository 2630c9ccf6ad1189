"""Loading a GGUF file into llama.cpp's server, which here serves nobody but this process."""

import importlib
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.errors import EngineError, NotFound
from castalia.core.machine import usable_cores
from castalia.core.models import Model
from castalia.engines.llamacpp.desk import Desk

PREFILL_BATCH = 128
"""Prompt tokens per step. llama.cpp looks for cancelled requests between steps, so a step must stay short."""
MAGIC = b"GGUF"


class LoadOptions(BaseModel):
    """How a language model is loaded. Memory for the context is reserved for all slots at once."""

    model_config = ConfigDict(extra="ignore")

    threads: int = Field(default=0, ge=0, description="CPU threads; 0 means all cores.")
    context: int = Field(default=4096, ge=1, description="Tokens of prompt and answer together, for each request.")
    slots: int = Field(default=4, ge=1, description="Requests that are worked on at once.")
    adapters: dict[str, str] = Field(
        default_factory=dict,
        description="GGUF files of adapters (LoRA) beside the weights, by the model name that asks.",
    )


@dataclass(frozen=True)
class Loaded:
    """The server, what it answers beside completions, and the context of each request in tokens.

    ``adapters`` are the names of the adapters in the order of their numbers.
    """

    server: Any
    desk: Desk
    context: int
    adapters: tuple[str, ...] = ()


def weights_file(model: Model) -> Path:
    """The GGUF file to run: the one named in ``details["gguf"]``, else the first. Raises NotFound."""
    names = [file.path for file in model.files if file.path.endswith(".gguf")]
    name = str(model.details.get("gguf") or next(iter(sorted(names)), ""))
    path = model.folder / name
    if not name or not path.is_file():
        raise NotFound(f"The GGUF file of {model.name} is not in {model.folder}.", hint="Pull the model again.")
    return path


def load(model: Model, options: LoadOptions) -> Loaded:
    """Load the weights. Raises EngineError when llama.cpp cannot read them."""
    path = weights_file(model)
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise _unreadable(model, "it does not begin like a GGUF file")
    for name, adapter in options.adapters.items():
        if not Path(adapter).is_file():
            raise NotFound(f"The file of the adapter {name} is not there: {adapter}.", hint=f"castalia rm {name}")
    context = _context(model, options)
    llama: Any = importlib.import_module("xllamacpp")
    key = secrets.token_hex(16)
    folder = Path(tempfile.mkdtemp(prefix="castalia-"))
    try:
        server = llama.Server(_parameters(llama, path, context, options, folder / "s", key))
    except RuntimeError:
        shutil.rmtree(folder)
        if options.adapters:
            raise EngineError(
                f"llama.cpp cannot load {model.name} with its adapters {', '.join(options.adapters)}.",
                hint="One of them may be damaged or belong to another base: castalia rm it, and fine-tune anew.",
            ) from None
        raise _unreadable(model, "it is damaged, or of an architecture or size that this build cannot run") from None
    return Loaded(server, Desk(server.listening_address, key, folder), context, tuple(options.adapters))


def _context(model: Model, options: LoadOptions) -> int:
    trained = model.details.get("context_length")
    return min(options.context, trained) if isinstance(trained, int) else options.context


def _parameters(llama: Any, path: Path, context: int, options: LoadOptions, socket: Path, key: str) -> Any:
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    # at scale 0 an adapter lies in memory and changes nothing; a request names the one that is to work
    parameters.lora_adapters = [llama.CommonAdapterLoraInfo(file, 0.0) for file in options.adapters.values()]
    parameters.n_parallel = options.slots
    parameters.n_ctx = context * options.slots  # llama.cpp divides it among the slots
    parameters.ctx_shift = False  # never forget the beginning silently
    parameters.fit_params = False  # never change the context silently
    parameters.n_batch = PREFILL_BATCH
    parameters.n_ubatch = PREFILL_BATCH
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = options.threads or usable_cores()
    parameters.cache_ram_mib = 0  # prompts stay cached in their slots; a second cache would grow to gigabytes
    parameters.verbosity = 1  # errors only
    parameters.n_threads_http = 1
    parameters.api_keys = [key]
    if sys.platform != "win32":
        parameters.hostnames = [f"{socket}.sock"]
    return parameters


def _unreadable(model: Model, why: str) -> EngineError:
    return EngineError(
        f"llama.cpp cannot load {model.name}: {why}.",
        hint=f"Remove it with `castalia rm {model.name}` and pull it again, or take another model.",
    )
