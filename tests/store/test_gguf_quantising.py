"""Weights in other formats: what changes, what stays, what is refused, what is left of what fails."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.store.gguf import Header, Tensor, read_header, values_of
from castalia.store.gguf_quantising import bits, planned_types, quantise


@pytest.mark.parametrize(("kind", "most"), [("Q6_K", 0.05), ("Q4_K", 0.2), ("Q4_0", 0.2), ("Q2_K", 0.5)])
def test_matrices_are_rewritten_and_vectors_stay(
    short_language_model: Path, tmp_path: Path, kind: str, most: float
) -> None:
    target = tmp_path / "small.gguf"
    for _ in quantise(short_language_model, target, kind):
        pass
    before, after = read_header(short_language_model), read_header(target)
    assert target.stat().st_size < short_language_model.stat().st_size
    assert after.metadata.keys() == before.metadata.keys()
    old, new = short_language_model.read_bytes(), target.read_bytes()
    for was, now in zip(before.tensors, after.tensors, strict=True):
        one = old[before.data_start + was.offset :][: was.size]
        other = new[after.data_start + now.offset :][: now.size]
        if len(was.shape) == 1:
            assert one == other
            continue
        assert bits(now.type) < bits(was.type) or one == other
        first, second = values_of(one, was), values_of(other, now)
        assert np.abs(first - second).mean() < most * np.abs(first).mean()
    wide = next(one for one in after.tensors if one.name == "blk.0.ffn_down.weight")
    assert wide.type == kind  # 1,536 in a row
    assert bits(next(one.type for one in after.tensors if one.name == "token_embd.weight")) >= bits("Q6_K")


@pytest.mark.parametrize("kind", ["F16", "Q8_0", "Q9_Z"])
def test_what_makes_nothing_smaller_is_refused(short_language_model: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadRequest):
        list(quantise(short_language_model, tmp_path / "small.gguf", kind))
    assert list(tmp_path.iterdir()) == []


def test_a_format_whose_blocks_do_not_divide_the_rows_is_refused() -> None:
    tensors = tuple(
        Tensor(name, (896, 64), "Q8_0", 0, 896 * 64 * 34 // 32) for name in ("token_embd.weight", "blk.0.attn_q.weight")
    )
    header = Header(3, {}, {}, 0, tensors, 0, 32)
    with pytest.raises(BadRequest, match="Q6_K would make nothing smaller: its blocks do not divide") as refused:
        planned_types(header, "Q6_K")
    assert "Q5_0" in refused.value.hint
    assert "Q6_K" not in refused.value.hint
    assert planned_types(header, "Q4_K") == {"blk.0.attn_q.weight": "Q5_0"}


def test_what_is_stopped_leaves_nothing(short_language_model: Path, tmp_path: Path) -> None:
    events = quantise(short_language_model, tmp_path / "small.gguf", "Q4_0")
    with suppress(StopIteration):
        next(events)
    events.close()
    assert not list(tmp_path.glob("*.part"))
