"""The wording classifier: logistic regression over hashed features, trained by ``scripts/train_chooser.py``."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import StorageError

FILE = Path(__file__).parent / "weights.safetensors"


@dataclass(frozen=True)
class Classifier:
    """Weights (buckets, labels), bias (labels,), and the temperature that makes probabilities honest.

    Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """

    labels: list[str]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    corpus: str
    """SHA-256 of the corpus that it was trained on; of one moved by corrections, of those as well."""

    def logits(self, buckets: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unscaled scores (labels,)."""
        return values @ self.weights[buckets] + self.bias

    def probabilities(self, buckets: NDArray[np.int64], values: NDArray[np.float32]) -> dict[str, float]:
        """The probability of each label."""
        scaled = self.logits(buckets, values) / self.temperature
        powers = np.exp(scaled - scaled.max())
        return dict(zip(self.labels, (powers / powers.sum()).tolist(), strict=True))


def load(path: Path = FILE) -> Classifier:
    """The classifier in a file. Raises StorageError when it is not there or not readable."""
    if not path.is_file():
        raise StorageError(f"The chooser's weights {path} are missing.", hint="Reinstall castalia.")
    safetensors: Any = importlib.import_module("safetensors")
    with safetensors.safe_open(path, framework="numpy") as file:
        facts = json.loads(file.metadata()["facts"])
        return Classifier(
            labels=facts["labels"],
            weights=file.get_tensor("weights").astype(np.float32),
            bias=file.get_tensor("bias").astype(np.float32),
            temperature=facts["temperature"],
            corpus=facts["corpus"],
        )


def save(classifier: Classifier, path: Path) -> None:
    """Write a classifier as `load` reads it, in half precision; the file is whole or not there."""
    safetensors: Any = importlib.import_module("safetensors.numpy")
    facts = {"labels": classifier.labels, "temperature": classifier.temperature, "corpus": classifier.corpus}
    tensors = {"weights": classifier.weights.astype(np.float16), "bias": classifier.bias.astype(np.float16)}
    waiting = path.with_suffix(".new")
    # one entry only: the format keeps several in no fixed order
    waiting.write_bytes(safetensors.save(tensors, metadata={"facts": json.dumps(facts)}))
    waiting.replace(path)
