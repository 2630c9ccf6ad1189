"""What the text modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="text",
    summary="Prose, answers and code from a language model",
    media_types=("text/plain", "text/markdown"),
    suffixes=(".txt", ".md"),
    options="castalia.modalities.text.options:TextOptions",
    checks="castalia.judging.instant.text:check",
    wishes=("write", "explain", "answer", "summarise", "summarize", "translate", "code"),
)
