"""What `serving.py` measures: our two engines as the product runs them, the bare libraries, and CTranslate2."""

import importlib
import multiprocessing
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

from castalia.core.content import Message
from castalia.core.events import TextDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.openvino.conversion import converted, gguf_file
from castalia.modalities.text.options import TextOptions

CONTEXT = 2048
SLOTS = 8


@dataclass(frozen=True)
class Prompt:
    """One conversation: a system message that differs from the first word on, so that no cache helps, and a wish."""

    system: str
    user: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """As chat templates take it."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True)
class Run:
    """One measurement: seconds to the first token and to the end, tokens generated, processor seconds."""

    first: float
    total: float
    tokens: int
    cpu: float


class Contender(Protocol):
    """Something that answers."""

    name: str

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """All prompts at once, greedily, so many tokens each."""
        ...

    def close(self) -> None:
        """Free it."""
        ...


def _cpu(child: int | None = None) -> float:
    """Processor seconds of this process and of one child so far."""
    processes = [psutil.Process(), *([psutil.Process(child)] if child else [])]
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


class Hosted:
    """An engine of ours in its child process, through `HostedEngine`, as the product uses it."""

    def __init__(self, engine: str, model: Model, threads: int, cache: Path) -> None:
        self.name = f"castalia {engine}"
        options: dict[str, object] = {"threads": threads, "context": CONTEXT, "slots": SLOTS, "cache": str(cache)}
        self._host = HostedEngine(engines().spec(engine), model, options)

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """One thread per prompt, as a server has."""
        cpu, started = _cpu(self._host.pid), time.perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            done = list(pool.map(lambda prompt: self._one(prompt, tokens, started), prompts))
        total = time.perf_counter() - started
        return Run(min(first for first, _ in done), total, sum(count for _, count in done), _cpu(self._host.pid) - cpu)

    def _one(self, prompt: Prompt, tokens: int, started: float) -> tuple[float, int]:
        request = Request(
            messages=[Message.of_text(prompt.system, role="system"), Message.of_text(prompt.user)],
            modality="text",
            seed=1,
            options=TextOptions(max_tokens=tokens, temperature=0).model_dump(),
        )
        first, count = 0.0, 0
        for event in self._host.generate(request):
            if isinstance(event, TextDelta) and not first:
                first = time.perf_counter() - started
            if isinstance(event, Usage):
                count = event.counts.output_tokens
        return first, count

    def close(self) -> None:
        """End the child."""
        self._host.close()


class BareLlama:
    """The llama.cpp wheel by itself, with its own defaults except threads, context and slots."""

    name = "llama.cpp wheel"

    def __init__(self, model: Model, threads: int) -> None:
        llama: Any = importlib.import_module("xllamacpp")
        parameters = llama.CommonParams()
        parameters.model.path = str(gguf_file(model))
        parameters.n_parallel = SLOTS
        parameters.n_ctx = CONTEXT * SLOTS
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.cache_ram_mib = 0
        parameters.verbosity = 1
        self._server = llama.Server(parameters)

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """The library's own streaming call, one thread per prompt."""
        cpu, started = _cpu(), time.perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            done = list(pool.map(lambda prompt: self._one(prompt, tokens, started), prompts))
        total = time.perf_counter() - started
        return Run(min(first for first, _ in done), total, sum(count for _, count in done), _cpu() - cpu)

    def _one(self, prompt: Prompt, tokens: int, started: float) -> tuple[float, int]:
        first, count = 0.0, 0

        def receive(chunk: dict[str, Any]) -> bool:
            nonlocal first, count
            if not first and any(choice["delta"].get("content") for choice in chunk.get("choices", [])):
                first = time.perf_counter() - started
            count = (chunk.get("usage") or {}).get("completion_tokens", count)
            return False

        body = {
            "messages": prompt.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": tokens,
            "temperature": 0,
            "cache_prompt": False,
            "ignore_eos": True,
        }
        self._server.handle_chat_completions(body, receive)
        return first, count

    def close(self) -> None:
        """Free the weights."""
        self._server = None


class Encoder:
    """The model's tokenizer and chat template."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = importlib.import_module("openvino_genai").Tokenizer(str(folder))

    def __call__(self, prompt: Prompt) -> list[int]:
        """A conversation as tokens."""
        text = self.tokenizer.apply_chat_template(prompt.messages, True)
        return self.tokenizer.encode(text, add_special_tokens=False).input_ids.data[0].tolist()


class BareOpenVino:
    """OpenVINO GenAI by itself, with its own defaults except threads."""

    name = "OpenVINO GenAI"

    def __init__(self, model: Model, threads: int, cache: Path) -> None:
        self._genai: Any = importlib.import_module("openvino_genai")
        with converted(model, gguf_file(model), cache) as folder:
            scheduler = self._genai.SchedulerConfig()
            scheduler.cache_size = 1
            self._encode = Encoder(folder)
            self._pipeline = self._genai.ContinuousBatchingPipeline(
                str(folder), self._encode.tokenizer, scheduler, "CPU", INFERENCE_NUM_THREADS=threads
            )
        self._tensor: Any = importlib.import_module("openvino").Tensor

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """`add_request` for all, then `step` to the end."""
        cpu, started = _cpu(), time.perf_counter()
        config = self._genai.GenerationConfig()
        config.max_new_tokens, config.ignore_eos = tokens, True
        handles = []
        for number, prompt in enumerate(prompts):
            inputs = self._tensor(np.array([self._encode(prompt)], np.int64))
            handles.append(self._pipeline.add_request(number, inputs, config))
        first, count = 0.0, 0
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
            for handle in handles:
                while handle.can_read():
                    first = first or time.perf_counter() - started
                    count += sum(len(output.generated_ids) for output in handle.read().values())
        return Run(first, time.perf_counter() - started, count, _cpu() - cpu)

    def close(self) -> None:
        """Free the weights."""
        self._pipeline = None


class CTranslate2:
    """CTranslate2, int8, converted from the same GGUF; static batches, no grammar, no requests that join later."""

    name = "CTranslate2 int8"

    def __init__(self, model: Model, threads: int, cache: Path) -> None:
        ctranslate2: Any = importlib.import_module("ctranslate2")
        folder = cache / f"ctranslate2-{model.files[0].sha256[:16]}"
        if not folder.is_dir():
            part = cache / f"{folder.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            to_ctranslate2(gguf_file(model), part)
            part.rename(folder)
        self._generator = ctranslate2.Generator(
            str(folder), compute_type="int8", inter_threads=1, intra_threads=threads
        )
        with converted(model, gguf_file(model), cache) as converted_folder:
            self._encode = Encoder(converted_folder)

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """One batch."""
        cpu, started = _cpu(), time.perf_counter()
        pieces = [[str(token) for token in self._encode(prompt)] for prompt in prompts]
        first: list[float] = []

        def seen(_: object) -> bool:
            first.append(time.perf_counter() - started)
            return False

        done = self._generator.generate_batch(
            pieces,
            max_length=tokens,
            min_length=tokens,
            sampling_topk=1,
            include_prompt_in_result=False,
            callback=seen,
        )
        total = time.perf_counter() - started
        return Run(first[0], total, sum(len(result.sequences_ids[0]) for result in done), _cpu() - cpu)

    def close(self) -> None:
        """Free the weights."""
        self._generator = None


def to_ctranslate2(file: Path, folder: Path) -> None:
    """Write a llama model of a GGUF file as CTranslate2's int8; its vocabulary is the numbers of the tokens.

    GGUF keeps queries and keys so that neighbouring entries are rotated together, which CTranslate2 calls interleaved.
    """
    specs: Any = importlib.import_module("ctranslate2.specs")
    linear: Any = importlib.import_module("ctranslate2.specs.common_spec").LinearSpec
    fuse: Any = importlib.import_module("ctranslate2.converters.utils").fuse_linear
    gguf: Any = importlib.import_module("gguf")
    reader = gguf.GGUFReader(file)
    weights = {
        tensor.name.removesuffix(".weight"): gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        for tensor in reader.tensors
    }

    def value(name: str) -> Any:
        return reader.fields[f"llama.{name}"].contents()

    spec = specs.TransformerDecoderModelSpec.from_config(
        value("block_count"),
        value("attention.head_count"),
        activation=specs.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=True,
        rotary_base=value("rope.freq_base"),
        num_heads_kv=value("attention.head_count_kv"),
    )
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = weights["token_embd"]
    decoder.projection.weight = weights.get("output", weights["token_embd"])
    decoder.layer_norm.gamma = weights["output_norm"]
    for number, layer in enumerate(decoder.layer):
        block = f"blk.{number}"
        attention, feed = layer.self_attention, layer.ffn
        attention.layer_norm.gamma = weights[f"{block}.attn_norm"]
        parts = [linear() for _ in range(3)]
        for part, name in zip(parts, ("q", "k", "v"), strict=True):
            part.weight = weights[f"{block}.attn_{name}"]
        fuse(attention.linear[0], parts)
        attention.linear[1].weight = weights[f"{block}.attn_output"]
        feed.layer_norm.gamma = weights[f"{block}.ffn_norm"]
        feed.linear_0.weight = weights[f"{block}.ffn_gate"]
        feed.linear_0_noact.weight = weights[f"{block}.ffn_up"]
        feed.linear_1.weight = weights[f"{block}.ffn_down"]
    spec.config.layer_norm_epsilon = value("attention.layer_norm_rms_epsilon")
    last = str(reader.fields["tokenizer.ggml.eos_token_id"].contents())
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = last
    spec.register_vocabulary([str(number) for number in range(len(weights["token_embd"]))])
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


class Apart:
    """A bare library in a process of its own, so that the threads of one do not wait in the way of another."""

    def __init__(self, build: "Callable[[], Contender]", name: str) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(build, theirs), daemon=True)
        self._process.start()
        self._pipe.recv()

    def run(self, prompts: list[Prompt], tokens: int) -> Run:
        """Measured over there."""
        self._pipe.send((prompts, tokens))
        return self._pipe.recv()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _serve(build: "Callable[[], Contender]", pipe: Any) -> None:
    contender = build()
    pipe.send("ready")
    while True:
        prompts, tokens = pipe.recv()
        pipe.send(contender.run(prompts, tokens))


def contenders(model: Model, threads: int, cache: Path) -> tuple[list[Contender], dict[str, str]]:
    """Everything that can be measured here, loaded, and why the rest cannot."""
    found: list[Contender] = [
        Hosted("openvino", model, threads, cache),
        Apart(partial(BareOpenVino, model, threads, cache), BareOpenVino.name),
        Hosted("llamacpp", model, threads, cache),
        Apart(partial(BareLlama, model, threads), BareLlama.name),
    ]
    if find_spec("ctranslate2") is None:
        return found, {CTranslate2.name: "not measured: it is not installed"}
    return [*found, Apart(partial(CTranslate2, model, threads, cache), CTranslate2.name)], {}
