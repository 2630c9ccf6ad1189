"""OpenVINO: what the suites over all engines do not ask. Real weights; which files it takes; conversion."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import BadRequest, ContextTooLong, EngineError, UnsupportedInput, UnsupportedOption
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.openvino.conversion import checked_header, converted, gguf_file
from castalia.engines.openvino.rows import activation_group
from castalia.engines.openvino.sampled import INPUT, pick_early
from castalia.engines.openvino.support import supports
from castalia.store.gguf import read_header, values_of

Ask = Callable[..., Request]


@pytest.fixture(scope="module")
def model(model_of_format: Callable[[str], Model]) -> Model:
    """The starter language model."""
    if missing := engines().missing("openvino"):
        pytest.skip(f"needs {', '.join(missing)}")
    return model_of_format("gguf")


@pytest.fixture(scope="module")
def engine(model: Model, load_options: dict[str, object]) -> Iterator[HostedEngine]:
    """The starter language model, loaded with eight places."""
    hosted = HostedEngine(engines().spec("openvino"), model, {**load_options, "slots": 8})
    yield hosted
    hosted.close()


def events_of(engine: HostedEngine, request: Request) -> list[EngineEvent]:
    return [event for event in engine.generate(request) if not isinstance(event, Progress)]


def text_of(events: list[EngineEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_answers_a_question(engine: HostedEngine, text_request: Ask) -> None:
    request = text_request("What is the capital of France? Answer in one word.", temperature=0)
    assert "Paris" in text_of(events_of(engine, request))


def test_text_does_not_depend_on_the_batch(engine: HostedEngine, text_request: Ask) -> None:
    topics = ("a red fox", "the sea", "a lost key", "the moon", "bread", "an old bridge", "winter", "a blue door")
    requests = [text_request(f"Tell a story of {topic}.", seed=3, max_tokens=16, temperature=1.0) for topic in topics]
    alone = [text_of(events_of(engine, request)) for request in requests]
    with ThreadPoolExecutor(len(requests)) as pool:
        together = list(pool.map(lambda request: text_of(events_of(engine, request)), requests))
    assert together == alone
    assert len(set(alone)) == len(alone)


def test_length_of_a_very_long_prompt_is_counted_in_full(engine: HostedEngine, text_request: Ask) -> None:
    with pytest.raises(ContextTooLong, match=r"has 9\d{3} tokens; this model holds 512"):
        events_of(engine, text_request("word " * 9000))


def test_runners_up_are_refused_by_name(engine: HostedEngine, text_request: Ask) -> None:
    with pytest.raises(UnsupportedOption, match="log-probability"):
        events_of(engine, text_request(logprobs=2))


def test_logprobs_fit_the_text(engine: HostedEngine, text_request: Ask) -> None:
    events = events_of(engine, text_request("Name a colour.", max_tokens=6, temperature=0, logprobs=0))
    found = [entry for event in events if isinstance(event, TextDelta) for entry in event.logprobs]
    assert "".join(entry.token for entry in found) == text_of(events)
    assert all(entry.logprob <= 0 for entry in found)


TOLD = (
    "The ferry to Norholm leaves the eastern pier every morning. It was built of steel. In winter it is empty.",
    "A village in the hills had a well that was very deep. For three hundred years it had never run dry.",
    "Numbers such as 1,260 and words of other languages, wie diese hier, take more tokens: naïve, Zürich, 東京.",
)


def likelihood_of(engine: HostedEngine, request: Request) -> list[float]:
    (told,) = [event for event in events_of(engine, request) if isinstance(event, TextDelta)]
    assert told.text == request.prompt
    assert "".join(token.token for token in told.logprobs).startswith(request.prompt[:20])
    return [token.logprob for token in told.logprobs]


def test_echo_tells_how_likely_a_text_is(engine: HostedEngine, text_request: Ask) -> None:
    requests = [text_request(text, echo=True) for text in TOLD]
    alone = [likelihood_of(engine, request) for request in requests]
    assert all(value < 0 for values in alone for value in values)
    # 1 to 4 bits a byte is what such a model needs for plain English
    bits = -sum(alone[0]) / 0.6931 / len(TOLD[0].encode())
    assert 0.6 < bits < 2.5
    # seen before, beside others and beside a running answer: the same
    answering = text_request("Tell a long story of the sea.", seed=3, max_tokens=48)
    with ThreadPoolExecutor(len(requests) + 1) as pool:
        answer = pool.submit(lambda: text_of(events_of(engine, answering)))
        together = list(pool.map(lambda request: likelihood_of(engine, request), requests))
        assert answer.result()
    assert together == alone
    jumbled = text_request(" ".join(sorted(TOLD[0].split())), echo=True)
    assert sum(likelihood_of(engine, jumbled)) < sum(alone[0]) - 20
    # a prompt that is asked in the usual way is not disturbed
    assert "Paris" in text_of(events_of(engine, text_request("What is the capital of France?", temperature=0)))


def test_echo_of_a_text_that_is_too_long_is_refused(engine: HostedEngine, text_request: Ask) -> None:
    with pytest.raises(ContextTooLong):
        events_of(engine, text_request("word " * 100_000, echo=True))


def test_cancelled_request_frees_its_place(model: Model, load_options: dict[str, object], text_request: Ask) -> None:
    engine = HostedEngine(engines().spec("openvino"), model, {**load_options, "slots": 1})
    try:
        long = engine.generate(text_request("Write a long story.", max_tokens=400, temperature=1.0))
        assert any(isinstance(event, TextDelta) for event in long)
        long.close()
        events = events_of(engine, text_request("Say yes.", max_tokens=3))
    finally:
        engine.close()
    assert isinstance(events[-1], Done)
    assert isinstance(events[-2], Usage)


def test_failure_inside_a_batch_is_told_and_overcome(engine: HostedEngine, text_request: Ask) -> None:
    hard = {"type": "string", "pattern": "(?<=a)b"}  # a valid expression that the library's grammars do not know
    with pytest.raises((EngineError, BadRequest)):
        events_of(engine, text_request(json_schema=hard, max_tokens=8))
    assert isinstance(events_of(engine, text_request(max_tokens=3))[-1], Done)


def test_conversion_is_kept_and_leftovers_are_replaced(model: Model, tmp_path: Path) -> None:
    file = gguf_file(model)
    with converted(model, file, tmp_path) as folder:
        name = folder.name
        made = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {"openvino_model.xml", "openvino_model.bin", "openvino_tokenizer.xml"} <= set(made)
    with converted(model, file, tmp_path) as folder:
        assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == made
    half = tmp_path / f"{name}.part"  # as a kill in the middle leaves it
    half.mkdir()
    (half / "openvino_model.xml").write_text("<net")
    folder.rename(tmp_path / "away")
    with converted(model, file, tmp_path) as folder:
        assert {path.name for path in folder.iterdir()} == set(made)
    assert not half.exists()


def test_file_that_was_cut_off_is_refused(model: Model, tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(gguf_file(model).read_bytes()[: 8 << 20])
    with pytest.raises(UnsupportedInput, match="cut off"):
        checked_header(file)


@pytest.mark.parametrize(
    ("architecture", "types", "names", "tokenizer", "reason"),
    [
        ("gemma3", ["Q8_0"], [], "gpt2", "not of gemma3"),
        ("llama", ["Q8_0", "Q5_0"], [], "gpt2", "type Q5_0"),
        ("llama", ["Q8_0"], ["blk.0.ffn_up_exps.weight"], "gpt2", "mixtures of experts"),
        ("llama", ["Q8_0"], ["rope_freqs.weight"], "gpt2", "rotary"),
        ("llama", ["Q8_0"], [], "llama", "tokenizers of the kind gpt2"),
    ],
)
def test_files_it_cannot_run_are_told_apart(
    architecture: str, types: list[str], names: list[str], tokenizer: str, reason: str
) -> None:
    assert reason in (supports(architecture, types, names, tokenizer) or "")


def test_files_it_can_run() -> None:
    assert supports("llama", ["F32", "Q8_0"], ["blk.0.ffn_up.weight"]) is None
    assert supports("qwen2", ["F32", "Q4_0"]) is None


def test_weights_have_one_scale_a_row_and_are_joined(model: Model, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    file = gguf_file(model)
    header = read_header(file)
    assert activation_group(header) == 192, "576 and 1536 are the rows' lengths"
    with converted(model, file, tmp_path) as folder:
        network = openvino.Core().read_model(folder / "openvino_model.xml")
        blocks = [one for one in network.get_ops() if one.get_type_name() == "Subtract"]
        assert not blocks
        ours = [
            one.data
            for one in network.get_ops()
            if one.get_type_name() == "Constant" and one.get_output_element_type(0).get_type_name() == "i8"
        ]
    assert len(ours) == 5 * 30 + 1
    assert sum(len(one) == 576 + 192 + 192 for one in ours) == 30, "queries, keys and values of a layer are one product"
    embedding = next(tensor for tensor in header.tensors if tensor.name == "token_embd.weight")
    with file.open("rb") as raw:
        raw.seek(header.data_start + embedding.offset)
        expected = values_of(raw.read(embedding.size), embedding)
    rows = next(one for one in ours if len(one) == len(expected))
    scales = np.abs(expected).max(axis=1, keepdims=True) / 127
    assert np.abs(rows * scales - expected).max() <= 0.51 * scales.max()


def test_the_last_layer_works_for_sampled_tokens_alone(model: Model, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    with converted(model, gguf_file(model), tmp_path) as folder:
        network = openvino.Core().read_model(folder / "openvino_model.xml")
        names = [name for one in network.inputs for name in one.get_names()]
        rows = next(one for one in network.get_parameters() if one.get_friendly_name() == INPUT)
        picked = [place.get_node() for place in rows.output(0).get_target_inputs()]
        takers = {use.get_node().get_type_name() for one in picked for use in one.output(0).get_target_inputs()}
    assert names.count(INPUT) == 1
    assert len(picked) == 2
    assert takers == {"Add", "MatMul"}, "what passes by the attention, and the product after it"


def test_networks_of_another_build_keep_their_last_layer() -> None:
    openvino = pytest.importorskip("openvino")
    ops = openvino.opset13
    words = ops.parameter([-1, -1, 4], openvino.Type.f32)
    logits = ops.matmul(words, ops.constant(np.ones((8, 4), np.float32)), False, True)
    network = openvino.Model([ops.result(logits)], [words], "other")
    assert not pick_early(network)
    assert len(network.inputs) == 1
