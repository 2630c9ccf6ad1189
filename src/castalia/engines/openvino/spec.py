"""What the OpenVINO engine states about itself."""

from castalia.core.specs import EngineSpec
from castalia.engines.language import TEXT_OPTIONS

SPEC = EngineSpec(
    name="openvino",
    summary="OpenVINO GenAI: language models (GGUF) on x86 processors, many requests in one batch",
    implementation="castalia.engines.openvino.engine:OpenVinoEngine",
    requires=("openvino", "openvino_genai", "openvino_tokenizers"),
    formats=("gguf",),
    outputs=("text",),
    options={"text": TEXT_OPTIONS},
    limits={"logprobs": 0},  # the chosen token only, without runners-up
    parallel=True,
    load_options="castalia.engines.openvino.options:OpenVinoLoadOptions",
    licence="Apache-2.0",
)
