"""GGUF files: read with care, rewritten without loss of anything but bits."""

import resource
import signal
import struct

import gguf
import numpy as np
import pytest

from castalia.core.errors import StorageError, UnsupportedInput
from castalia.store.gguf import read_header, requantise

TEMPLATE = "{% for message in messages %}{{ message.content }} é{% endfor %}"
ROWS = np.random.default_rng(5).normal(size=(64, 96)).astype(np.float32)


def write_model(path, kind=gguf.GGMLQuantizationType.Q4_1):
    """A file of the shape that language models have: metadata of every type, vectors, matrices."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_license("mit")
    writer.add_context_length(512)
    writer.add_file_type(3)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    writer.add_token_list(["a", "é", ""])
    writer.add_token_scores([0.5, -1.0, 0.0])
    writer.add_chat_template(TEMPLATE)
    for name in ("token_embd.weight", "blk.0.ffn_up.weight", "blk.0.ffn_down.weight"):
        stored = gguf.GGMLQuantizationType.Q8_0 if "embd" in name else kind
        writer.add_tensor(name, gguf.quants.quantize(ROWS, stored), raw_dtype=stored)
    writer.add_tensor("blk.0.attn_norm.weight", np.ones(96, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def tiny(tmp_path):
    return write_model(tmp_path / "tiny.Q4_1.gguf")


def read_with_reference(path):
    reader = gguf.GGUFReader(path)
    fields = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = {t.name: (t.tensor_type, gguf.quants.dequantize(np.array(t.data), t.tensor_type)) for t in reader.tensors}
    return fields, tensors


def test_header_says_what_the_reference_reader_says(tiny):
    header = read_header(tiny)
    assert (header.architecture, header.context_length) == ("llama", 512)
    assert (header.text("general.name"), header.text("general.license")) == ("Tiny", "mit")
    assert header.chat_template == TEMPLATE
    assert header.parameters == 3 * 64 * 96 + 96
    assert header.tensor_types == {"Q4_1": 2 * 64 * 96, "Q8_0": 64 * 96, "F32": 96}
    assert header.is_slow
    reference = gguf.GGUFReader(tiny)
    assert [(t.name, header.data_start + t.offset, t.size) for t in header.tensors] == [
        (t.name, t.data_offset, t.n_bytes) for t in reference.tensors
    ]


@pytest.mark.parametrize(("kind", "tolerance"), [("Q8_0", 0.01), ("Q4_0", 0.2)])
def test_rewriting_keeps_metadata_vectors_and_embedding(tiny, tmp_path, kind, tolerance):
    target = tmp_path / "new.gguf"
    list(requantise(tiny, target, kind))
    before, old = read_with_reference(tiny)
    after, new = read_with_reference(target)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"general.file_type"}
    assert list(after) == list(before)
    assert list(new) == list(old)
    for name, (old_type, old_values) in old.items():
        new_type, new_values = new[name]
        if old_type.name == "Q4_1":
            assert new_type.name == kind
            error = np.sqrt(np.mean((new_values - old_values) ** 2) / np.mean(old_values**2))
            assert 0 < error < tolerance
        else:
            assert new_type == old_type
            assert np.array_equal(new_values, old_values)
    assert not read_header(target).is_slow


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.6, 0.99])
def test_cut_off_files_are_refused(tiny, share):
    data = tiny.read_bytes()
    tiny.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnsupportedInput, match="not a usable GGUF") as caught:
        read_header(tiny)
    assert caught.value.hint


def test_no_byte_of_the_header_can_make_it_fail_otherwise(tiny):
    data = tiny.read_bytes()
    end = read_header(tiny).data_start
    generator = np.random.default_rng(1)
    for place in generator.integers(0, end, 300):
        damaged = bytearray(data)
        damaged[place] ^= int(generator.integers(1, 256))
        tiny.write_bytes(damaged)
        try:
            read_header(tiny)
        except UnsupportedInput:
            continue  # read or refused: both are fine, nothing else is


def test_lengths_that_lie_do_not_cost_memory_or_time(tiny):
    data = bytearray(tiny.read_bytes())
    struct.pack_into("<Q", data, 8, 2**63)
    tiny.write_bytes(data)
    with pytest.raises(UnsupportedInput, match="count"):
        read_header(tiny)


def test_a_full_disk_leaves_no_file(tiny, tmp_path):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, old[1]))
    try:
        with pytest.raises(StorageError, match="No space"):
            list(requantise(tiny, tmp_path / "new.gguf", "Q8_0"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in tmp_path.iterdir()] == [tiny.name]
