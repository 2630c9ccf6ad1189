"""From a GGUF file to OpenVINO's own files, once; they load in a third of the time.

A converted model is a folder with the network, the tokenizer and the detokenizer (``openvino_*.xml`` and ``.bin``). It
is made beside its final place and renamed when complete, so that a kill leaves nothing half-written in use.
"""

import contextlib
import importlib
import shutil
import tempfile
from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from castalia.core.errors import BadRequest, EngineError
from castalia.core.models import Model
from castalia.engines.openvino.products import join_projections
from castalia.engines.openvino.rows import one_scale_a_row
from castalia.engines.openvino.sampled import pick_early
from castalia.engines.openvino.support import supports
from castalia.store.gguf import MODALITY, Header, read_header
from castalia.store.locking import locked, storage_errors

LAYOUT = 4
"""Counts up when what `_convert` writes changes."""
TOKENIZER_LIMIT = 8192
"""The tokenizer made from GGUF silently drops all but the last so many tokens of a text."""
NO_LIMIT = 2**31 - 1


def gguf_file(model: Model) -> Path:
    """The file to run. Raises BadRequest when the model has none."""
    named = model.details.get("gguf")
    paths = [file.path for file in model.files if file.path.endswith(".gguf")]
    if isinstance(named, str):
        return model.folder / named
    if len(paths) != 1:
        raise BadRequest(f"{model.name} has {len(paths)} GGUF files.", hint="Pull one of them by its name.")
    return model.folder / paths[0]


def checked_header(file: Path) -> Header:
    """The file's header. Raises BadRequest with the reason when this engine cannot run it."""
    header = read_header(file)
    reason = supports(
        header.architecture,
        header.tensor_types,
        (tensor.name for tensor in header.tensors),
        header.text("tokenizer.ggml.model"),
    )
    if reason is None and not header.chat_template:
        reason = "The file has no chat template, so this engine cannot hold a conversation with it."
    if reason is None and header.text(MODALITY):
        reason = "The file was exported by Castalia; this engine would leave out the start token of its texts."
    if reason is not None:
        raise BadRequest(reason, hint="Use the engine llamacpp for this model.", details={"file": file.name})
    return header


@contextlib.contextmanager
def converted(model: Model, file: Path, cache: Path | None) -> Generator[Path]:
    """The folder of the converted model, made now when it is not there yet.

    Without ``cache`` the folder lives only inside the ``with`` block. Raises EngineError when OpenVINO cannot read the
    file, StorageError when the disk is full.
    """
    if cache is None:
        with tempfile.TemporaryDirectory(prefix="castalia-openvino-") as folder:
            _convert(file, Path(folder))
            yield Path(folder)
        return
    target = cache / f"openvino-{_key(model, file)}"
    with locked(cache / f"{target.name}.lock"):
        if not target.is_dir():
            partial = cache / f"{target.name}.part"
            shutil.rmtree(partial, ignore_errors=True)
            with storage_errors(str(target)):
                partial.mkdir()
                try:
                    _convert(file, partial)
                    partial.rename(target)
                finally:
                    shutil.rmtree(partial, ignore_errors=True)
    yield target


def _key(model: Model, file: Path) -> str:
    """Changes with the weights, with OpenVINO's version and with what we write."""
    known = [entry.sha256 for entry in model.files if model.folder / entry.path == file]
    facts = file.stat()
    weights = known[0][:16] if known else f"{file.stem}-{facts.st_size}-{facts.st_mtime_ns}"
    return f"{weights}-{version('openvino-genai')}-{LAYOUT}"


def _convert(file: Path, folder: Path) -> None:
    genai: Any = importlib.import_module("openvino_genai")
    # The library writes beside the file that it reads
    link = folder / "model.gguf"
    link.symlink_to(file.resolve())
    try:
        tokenizer = genai.Tokenizer(str(link), enable_save_ov_model=True)
        genai.ContinuousBatchingPipeline(
            str(link), tokenizer, genai.SchedulerConfig(), "CPU", enable_save_ov_model=True
        )
        _speed_up(folder)
        _lift_limit(folder)
    except RuntimeError as error:
        raise EngineError(
            f"OpenVINO cannot read {file.name}: {_last_line(error)}.", hint="Use the engine llamacpp for this model."
        ) from error
    finally:
        link.unlink()
    if not (folder / "openvino_model.xml").is_file() or not (folder / "openvino_tokenizer.xml").is_file():
        raise EngineError(f"OpenVINO did not write the converted {file.name}.", hint="Look for space on the disk.")


def _speed_up(folder: Path) -> None:
    """One scale a row for the weights, one product for those of one input, and a last layer that works for the tokens
    that are drawn from alone; see `rows`, `products` and `sampled` beside."""
    openvino: Any = importlib.import_module("openvino")
    path = folder / "openvino_model.xml"
    if not path.is_file():
        return
    network = openvino.Core().read_model(path)
    if one_scale_a_row(network):
        join_projections(network)
    pick_early(network)
    faster = folder / "faster_model.xml"
    openvino.save_model(network, faster, compress_to_fp16=False)
    del network
    faster.replace(path)
    faster.with_suffix(".bin").replace(path.with_suffix(".bin"))


def _lift_limit(folder: Path) -> None:
    """Let the tokenizer encode texts of any length: a prompt too long must be refused, not cut."""
    openvino: Any = importlib.import_module("openvino")
    tokenizers: Any = importlib.import_module("openvino_tokenizers")
    core = openvino.Core()
    core.add_extension(str(tokenizers._ext_path))
    path = folder / "openvino_tokenizer.xml"
    network = core.read_model(path)
    constant = openvino.op.Constant
    for node in network.get_ops():
        if node.get_type_name() != "Minimum":
            continue
        for place in node.inputs():
            source = place.get_source_output().get_node()
            if source.get_type_name() == "Constant" and source.data.size == 1 and source.data.item() == TOKENIZER_LIMIT:
                unlimited = constant(source.get_element_type(), source.output(0).get_shape(), [NO_LIMIT])
                place.replace_source_output(unlimited.output(0))
    unlimited_path = folder / "unlimited_tokenizer.xml"
    openvino.save_model(network, unlimited_path, compress_to_fp16=False)
    del network
    unlimited_path.replace(path)
    unlimited_path.with_suffix(".bin").replace(path.with_suffix(".bin"))


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip().rstrip(".")
