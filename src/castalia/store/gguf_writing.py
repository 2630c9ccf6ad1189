"""Writing GGUF files of networks that were trained here.

Tokens are written as a byte-level BPE vocabulary (``gpt2``). Symbols are user-defined tokens, which a tokenizer finds
in a text before anything else, the longest first; a file of symbols only has one merge that never applies, as readers
want a list. The chat template passes on what was said last, so that the model continues it, or answers it behind
what closes a request.
"""

import json
import math
from pathlib import Path

from castalia.core.exporting import Network, Vocabulary
from castalia.store.gguf import MODALITY, REPRESENTATION
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import check_space

CONTINUE = "{% for message in messages %}{% if loop.last %}{{ message['content'] }}{% endif %}{% endfor %}"
KINDS = {"bytes": 1, "control": 3, "symbol": 4}
"""GGUF's token types: normal, control, user-defined."""
NEVER = "\u0100 \u0100"
"""A merge of two zero bytes."""


def write_gguf(
    path: Path, network: Network, vocabulary: Vocabulary, start: int, about: dict[str, str], view: dict[str, object]
) -> None:
    """Write a file that appears when it is complete, all weights as float32.

    ``start`` is the token that every sequence begins with. ``about`` holds ``name``, ``license``, ``description`` and
    ``modality``, ``view`` the representation's configuration. Raises StorageError.
    """
    from gguf import GGUFWriter

    check_space(path.parent, sum(4 * math.prod(tensor.shape) for tensor in network.tensors.values()))
    partial = path.with_name(f"{path.name}.part")
    try:
        with storage_errors(str(path)):
            writer = GGUFWriter(partial, network.architecture)
            writer.add_name(about["name"])
            writer.add_description(about["description"])
            if about["license"]:
                writer.add_license(about["license"])
            writer.add_file_type(0)
            writer.add_string(MODALITY, about["modality"])
            writer.add_string(REPRESENTATION, json.dumps(view))
            for name, number in network.numbers.items():
                key = f"{network.architecture}.{name}"
                (writer.add_uint32 if isinstance(number, int) else writer.add_float32)(key, number)  # pyright: ignore[reportArgumentType]
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre("gpt-2")
            writer.add_token_list(list(vocabulary.tokens))
            writer.add_token_types([KINDS[kind] for kind in vocabulary.kinds])
            writer.add_token_merges(list(vocabulary.merges) or [NEVER])
            writer.add_bos_token_id(start)
            writer.add_eos_token_id(vocabulary.end)
            writer.add_add_bos_token(True)
            writer.add_add_eos_token(False)
            # as an expression: readers drop a line break at a template's end
            closing = f"{{{{ {vocabulary.closing!r} }}}}" if vocabulary.closing else ""
            writer.add_chat_template(CONTINUE + closing)
            for name, tensor in network.tensors.items():
                writer.add_tensor(name, tensor)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
