"""Dots: lines ``x y colour`` in a text file."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Sample, Survey
from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Segment


class DotsOptions(BaseModel):
    count: int = 10
    colour: str | None = None
    temperature: float = 1.0


class DotsData(BaseModel):
    limit: int | None = None


class DotsRepresentation:
    name = "plane"

    def __init__(self, colours):
        self.colours = colours
        self.layout = Continuous(shape=(2,))
        group = Segment(name="colour", kind="categorical", start=0, width=len(colours))
        self.conditions = Conditions(groups=(group,))

    def config(self):
        return {"colours": self.colours}


class Dots:
    def recognises(self, source):
        return 1.0 if source.suffix == ".dots" else 0.0

    def survey(self, source, options):
        lines = Path(source).read_text().splitlines()
        bad = [f"line {i + 1} is not 'x y colour'" for i, line in enumerate(lines) if len(line.split()) != 3]
        return Survey(modality="dots", source=source, count=len(lines), problems=bad)

    def data_options(self):
        return DotsData

    def fit(self, source, options, kind="continuous"):
        rows = [line.split() for line in Path(source).read_text().splitlines()][: options.limit]
        colours = sorted({row[2] for row in rows})
        data = np.array([[float(row[0]), float(row[1])] for row in rows], dtype=np.float32)
        conditions = np.eye(len(colours), dtype=np.float32)[[colours.index(row[2]) for row in rows]]
        return DotsRepresentation(colours), Encoded(data, conditions, np.ones((len(rows), 1), dtype=bool))

    def restore(self, config):
        return DotsRepresentation(config["colours"])

    def fingerprints(self, representation, data):
        return {"corner": np.asarray(data).min(axis=0)}

    def generate(self, representation, sampler, request):
        options = DotsOptions.model_validate(request.options)
        conditions = known = None
        if options.colour is not None:
            if options.colour not in representation.colours:
                raise BadRequest(f"no colour {options.colour}", hint=f"There are {representation.colours}.")
            one = np.eye(len(representation.colours), dtype=np.float32)[representation.colours.index(options.colour)]
            conditions, known = np.tile(one, (options.count, 1)), np.ones((options.count, 1), dtype=bool)
        for x, y in sampler(options.count, conditions, known, request.seed):
            yield Sample(f"{x:.6f} {y:.6f}".encode(), "text/plain", {"x": float(x), "y": float(y)})

    def preview(self, representation, data):
        return Sample("\n".join(f"{x:.2f} {y:.2f}" for x, y in data).encode(), "text/plain")

    def training_figures(self, representation, real, synthetic):
        return {"mean_gap": float(np.abs(np.mean(real, axis=0) - np.mean(synthetic, axis=0)).max())}
