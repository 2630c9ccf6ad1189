"""What the native engine states about itself. ``*`` stands for every modality, and for every option of one."""

from castalia.core.specs import EngineSpec

SPEC = EngineSpec(
    name="native",
    summary="Models trained by Castalia itself, of every family and modality",
    implementation="castalia.engines.native.engine:NativeEngine",
    requires=("torch", "safetensors"),
    extra="train",
    formats=("castalia",),
    outputs=("*",),
    options={"*": ("*",)},
    load_options="castalia.engines.native.options:NativeLoadOptions",
)
