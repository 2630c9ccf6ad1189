"""What the llama.cpp engine states about itself."""

from castalia.core.specs import EngineSpec
from castalia.engines.language import TEXT_OPTIONS

SPEC = EngineSpec(
    name="llamacpp",
    summary="Language models in GGUF files on any CPU or GPU, by llama.cpp",
    implementation="castalia.engines.llamacpp.engine:LlamaCppEngine",
    requires=("xllamacpp",),
    formats=("gguf",),
    outputs=("text",),
    options={"text": TEXT_OPTIONS},
    parallel=True,
    load_options="castalia.engines.llamacpp.loading:LoadOptions",
    licence="MIT",
)
