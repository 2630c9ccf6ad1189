"""What the text modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="text",
    summary="Prose, answers and code from a language model, and texts like your own from a model trained on them",
    implementation="castalia.modalities.text.modality:TextModality",
    media_types=("text/plain", "text/markdown"),
    suffixes=(".txt", ".md", ".smi", ".smiles", ".selfies"),
    options="castalia.modalities.text.options:TextOptions",
    representations=("tokens",),
    vocabulary="castalia.modalities.text.vocabulary:vocabulary",
    checks="castalia.judging.instant.text:check",
    evaluation="castalia.judging.evaluation.language.trained:evaluate",
    wishes=("write", "explain", "answer", "summarise", "summarize", "translate", "code"),
    default_family="transformer",
)
