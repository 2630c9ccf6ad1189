"""What the Piper engine states about itself."""

from castalia.core.specs import EngineSpec

SPEC = EngineSpec(
    name="piper",
    summary="Speech by Piper voices, streamed sentence by sentence",
    implementation="castalia.engines.piper.engine:PiperEngine",
    requires=("piper",),
    extra="speech",
    formats=("piper-onnx",),
    outputs=("speech",),
    options={"speech": ("voice", "speed", "format", "sentence_silence", "variation")},
    licence="Piper and espeak-ng are GPL-3.0: run as a separate program, never imported",
)
