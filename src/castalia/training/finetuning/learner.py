"""The adapter under training: small matrices beside the frozen weights of a language model (LoRA).

W x + (alpha / r) B A x, where A (r, in) and B (out, r) are learnt and B begins with zeros: Hu et al., LoRA: Low-Rank
Adaptation of Large Language Models, 2021.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.errors import UnsupportedInput
from castalia.families.contract import Batch, Step, Trainable, update
from castalia.store.gguf import read_header
from castalia.training.execution import Execution

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""All matrices of a block, by their names in transformers."""
ARCHITECTURES = ("llama", "qwen2")
"""GGUF architectures whose adapters are written. Those of ``llama`` are compared with llama.cpp's answers by a test; of
``qwen2`` one adapter was made and served by hand."""


def check_architecture(architecture: str, name: str) -> None:
    """Raise UnsupportedInput when adapters of that architecture cannot be made here."""
    if architecture not in ARCHITECTURES:
        raise UnsupportedInput(
            f"{name} is of the architecture {architecture or 'nobody knows'}, which cannot be fine-tuned here.",
            hint=f"Models of these can be: {', '.join(ARCHITECTURES)}.",
        )


def load_network(gguf_file: Path, rank: int, alpha: float) -> Any:
    """The language model of a GGUF file in float32, its weights frozen, with a fresh adapter (`peft`).

    Draws the adapter's first weights from torch's global generator. Raises UnsupportedInput for architectures that
    are not known here.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, GgufConfig

    check_architecture(read_header(gguf_file).architecture, gguf_file.name)
    network = AutoModelForCausalLM.from_pretrained(
        gguf_file.parent,
        gguf_file=gguf_file.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        attn_implementation="sdpa",
    )
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(TARGETS), task_type="CAUSAL_LM")  # pyright: ignore[reportArgumentType]
    return get_peft_model(network, config)


class LoraLearner(Trainable):
    """An adapter and the frozen network around it. Only the adapter's weights are its state."""

    served = ("adapter",)
    averaged = ("adapter",)

    def __init__(self, network: Any, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.adapter = nn.ParameterDict(
            {
                name.replace(".", "/"): parameter
                for name, parameter in network.named_parameters()
                if parameter.requires_grad
            }
        )
        self._frozen = (network,)  # in a tuple: no part of the state, which is checkpointed and averaged
        self._autocast: Callable[[], AbstractContextManager[object]] = nullcontext
        self.optimisers = {}

    @property
    def network(self) -> Any:
        """The model with its adapter, as `peft` has it."""
        return self._frozen[0]

    def compute_in(self, execution: Execution) -> None:
        """Judge in the precision of the training; in bfloat16 the frozen matrices are kept so, in half the memory.

        Embeddings, and a head that is tied to them, stay in float32, and with them what runs from block to block.
        """
        self._autocast = execution.autocast
        if not execution.bfloat16:
            return
        embedding = self.network.get_input_embeddings().weight
        for module in self.network.modules():
            if isinstance(module, nn.Linear) and not module.weight.requires_grad and module.weight is not embedding:
                module.weight.data = module.weight.data.bfloat16()

    def prepare(self) -> None:
        """Make the optimiser."""
        parameters = list(self.adapter.parameters())
        self.network.to(parameters[0].device)
        self.optimisers = {"adapter": torch.optim.AdamW(parameters, lr=self.rate, betas=(0.9, 0.99), weight_decay=0.0)}

    def train(self, mode: bool = True) -> "LoraLearner":
        """Switch both to training or to judging."""
        super().train(mode)
        self.network.train(mode)
        return self

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One step of the adapter on packed rows (batch, 3, length); the loss is in nats per learnt token."""
        with step.autocast():
            logits, targets = self.predicted(batch.data)
        loss = functional.cross_entropy(logits.float(), targets)
        update(self.optimisers["adapter"], loss, step)
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:  # noqa: ARG002 - nothing is drawn
        """Nats per learnt token."""
        with self._autocast():
            logits, targets = self.predicted(batch.data)
        return float(functional.cross_entropy(logits.float(), targets))

    def predicted(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, vocabulary) before each learnt token of packed rows (batch, 3, length), and these tokens (n,)."""
        tokens, learnt, numbers = rows.unbind(1)
        mask, positions = apart(numbers)
        causal = self.network.get_base_model()
        hidden = causal.model(
            input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False
        ).last_hidden_state
        wanted = learnt[:, 1:].bool()
        return causal.lm_head(hidden[:, :-1][wanted]), tokens[:, 1:][wanted]


def apart(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """For packed rows: who may look at whom (batch, 1, length, length) bool, and each token's place in its example.

    ``numbers`` (batch, length) tells the example of each token.
    """
    length = numbers.shape[1]
    place = torch.arange(length, device=numbers.device)
    begins = torch.ones_like(numbers, dtype=torch.bool)
    begins[:, 1:] = numbers[:, 1:] != numbers[:, :-1]
    start = torch.where(begins, place, 0).cummax(dim=1).values
    same = numbers[:, :, None] == numbers[:, None, :]
    earlier = place[None, :] <= place[:, None]
    return (same & earlier)[:, None], place - start
