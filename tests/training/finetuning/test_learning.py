"""What is learnt and what is seen: masks, packing, and that llama.cpp says with the adapter what `peft` says."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from castalia.core.events import TokenLogprob
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.llamacpp.spec import SPEC
from castalia.modalities.text.options import TextOptions
from castalia.store.gguf import read_header
from castalia.store.gguf_adapter import write_adapter
from castalia.training.finetuning.formats import read_examples
from castalia.training.finetuning.packing import packed
from castalia.training.finetuning.rendering import rendered

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def learner(short_language_model: Path) -> Any:
    """A fresh adapter whose second matrices are drawn instead of zero, so that it changes every answer."""
    pytest.importorskip("peft")
    import torch

    from castalia.training.finetuning.learner import LoraLearner, load_network

    torch.manual_seed(3)
    made = LoraLearner(load_network(short_language_model, rank=4, alpha=8.0), rate=1e-3)
    with torch.no_grad():
        for name, value in made.adapter.items():
            if "lora_B" in name:
                value.normal_(std=0.4)
    return made.eval()


def rows_of(folder: Path, tokenizer: Any, rows: list[dict[str, object]]) -> Any:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reading = read_examples(path)
    return rendered(tokenizer, reading, 200), reading


def test_only_answers_are_learnt_with_their_ends(tmp_path: Path, tokenizer: Any) -> None:
    turns = [("system", "Be short."), ("user", "Hi"), ("assistant", "Ho."), ("user", "And?"), ("assistant", "Nothing.")]
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    (one, *_), _ = rows_of(tmp_path, tokenizer, [row])
    learnt = tokenizer.decode([token for token, is_learnt in zip(one.tokens, one.learnt, strict=True) if is_learnt])
    assert learnt == "Ho.<|im_end|>Nothing.<|im_end|>"
    # what the model sees is what it is asked with
    whole = tokenizer.decode(list(one.tokens))
    assert tokenizer.apply_chat_template(row["messages"], tokenize=False).startswith(whole)


def test_answers_of_weight_0_are_seen_and_not_learnt(tmp_path: Path, tokenizer: Any) -> None:
    row = {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Ho.", "weight": 0},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "Nothing."},
        ]
    }
    (one, *_), _ = rows_of(tmp_path, tokenizer, [row])
    learnt = tokenizer.decode([token for token, is_learnt in zip(one.tokens, one.learnt, strict=True) if is_learnt])
    assert learnt == "Nothing.<|im_end|>"
    assert "Ho." in tokenizer.decode(list(one.tokens))


def test_what_is_too_long_is_told_with_both_lengths(tmp_path: Path, tokenizer: Any) -> None:
    rows = [{"prompt": "p", "completion": "c"}, {"prompt": "word " * 300, "completion": "c"}]
    _, reading = rows_of(tmp_path, tokenizer, rows)
    assert any(problem.startswith("line 2: too long, 3") and "at most 200" in problem for problem in reading.problems)


def test_packing_keeps_all_and_fills_rows(tmp_path: Path, tokenizer: Any) -> None:
    rows = [{"prompt": f"number {n}", "completion": "word " * (n % 17) + "."} for n in range(200)]
    sequences, _ = rows_of(tmp_path, tokenizer, rows)
    data = packed(sequences)
    assert (data[:, 2] > 0).sum() == sum(len(one.tokens) for one in sequences)
    assert data[:, 1].sum() == sum(sum(one.learnt) for one in sequences)
    assert (data[:, 2] > 0).mean() > 0.9


def test_examples_in_one_row_do_not_see_each_other(tmp_path: Path, tokenizer: Any, learner: Any) -> None:
    import torch

    rows = [
        {"prompt": f"What is {n} and {n}?", "completion": "I do not know " * 40 if n == 0 else f"It is {2 * n}."}
        for n in range(9)
    ]
    sequences, _ = rows_of(tmp_path, tokenizer, rows)
    together = packed(sequences)
    alone = [packed([one]) for one in sequences]
    with torch.no_grad():
        logits, targets = learner.predicted(torch.from_numpy(together).long())
        each = [learner.predicted(torch.from_numpy(one).long()) for one in alone]
    assert len(together) < len(sequences)
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    singles = torch.cat([torch.nn.functional.cross_entropy(one, wanted, reduction="none") for one, wanted in each])
    assert len(losses) == len(singles)
    assert np.allclose(np.sort(losses.numpy()), np.sort(singles.numpy()), rtol=1e-3)


def hosted(path: Path, adapters: dict[str, str]) -> HostedEngine:
    model = Model(name="short", format="gguf", engines=["llamacpp"], outputs=["text"], folder=path.parent,
                  details={"gguf": path.name})  # fmt: skip
    return HostedEngine(SPEC, model, {"threads": 1, "context": 512, "slots": 2, "adapters": adapters})


def said(engine: HostedEngine, name: str, prompt: str, **options: object) -> tuple[str, list[TokenLogprob]]:
    chosen = TextOptions.model_validate({"temperature": 0.0, "max_tokens": 12, "logprobs": 1, **options})
    request = Request.of_text(prompt, modality="text", model=name, seed=0, options=chosen.model_dump())
    text, logprobs = "", []
    with closing(engine.generate(request)) as events:  # pyright: ignore[reportArgumentType]
        for event in events:
            if event.event == "text":
                text, logprobs = text + event.text, [*logprobs, *event.logprobs]
    return text, logprobs


def test_llama_cpp_says_with_the_adapter_what_peft_says(
    tmp_path: Path, tokenizer: Any, learner: Any, short_language_model: Path
) -> None:
    import torch

    weights = {name.replace("/", "."): value.detach().numpy() for name, value in learner.adapter.items()}
    file = tmp_path / "adapter.gguf"
    write_adapter(file, read_header(short_language_model), weights, 8.0, "tuned")
    text = "The harbour lies in the north, and the ships come in the morning."
    start = tokenizer.encode("<|endoftext|>", add_special_tokens=False)
    tokens = torch.tensor([[*start, *tokenizer.encode(text, add_special_tokens=False)]])
    with torch.no_grad():
        ours = torch.log_softmax(learner.network(tokens).logits[0, :-1], -1)
        with learner.network.disable_adapter():
            bare = torch.log_softmax(learner.network(tokens).logits[0, :-1], -1)
    true = ours[torch.arange(len(ours)), tokens[0, 1:]].numpy()
    without = bare[torch.arange(len(bare)), tokens[0, 1:]].numpy()
    engine = hosted(short_language_model, {"tuned": str(file)})
    try:
        theirs = [one.logprob for one in said(engine, "tuned", text, echo=True)[1]]
        plain = [one.logprob for one in said(engine, "short", text, echo=True)[1]]
        messages = [{"role": "user", "content": "Say something."}]
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False)])
        with torch.no_grad():
            made = learner.network.generate(input_ids=ids, max_new_tokens=12, do_sample=False)
        greedy = tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
        assert said(engine, "tuned", "Say something.")[0].strip() == greedy.strip()
    finally:
        engine.close()
    matters = np.abs(true - without).mean()
    # llama.cpp rounds what runs through the network to 8 bits, which peft does not
    assert np.abs(np.array(theirs) - true).mean() < 0.1 * matters
    assert np.abs(np.array(plain) - without).mean() < 0.1 * matters
