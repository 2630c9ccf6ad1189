"""Letters: a word a line of at most eleven letters, conditioned on its length; or with ``stream`` the text as it is."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Given, Sample, Survey
from castalia.core.representation import Conditions, Segment, Tokens

LENGTH = 12
ALPHABET = "\n abcdefghijklmnopqrstuvwxyz"
"""By number; the line break is the padding."""


class LettersOptions(BaseModel):
    count: int = 4
    beginning: str = ""
    size: int | None = None
    max_tokens: int | None = None
    temperature: float = 1.0


class LettersData(BaseModel):
    stream: bool = False


class LettersRepresentation:
    name = "letters"

    def __init__(self, stream):
        self.stream = stream
        self.layout = Tokens(vocabulary=len(ALPHABET), length=LENGTH, stream=stream)
        group = Segment(name="size", kind="real", start=0, width=1)
        self.conditions = None if stream else Conditions(groups=(group,))

    def config(self):
        return {"stream": self.stream}

    def encode(self, word):
        return np.array([ALPHABET.index(letter) for letter in word], dtype=np.int64)


class Letters:
    def recognises(self, source):
        return 1.0 if source.suffix == ".letters" else 0.0

    def survey(self, source, options):
        return Survey(modality="letters", source=source, count=len(Path(source).read_text().split()))

    def data_options(self):
        return LettersData

    def fit(self, source, options, kind="tokens"):
        representation = LettersRepresentation(options.stream)
        text = Path(source).read_text()
        if options.stream:
            return representation, Encoded(representation.encode(text.replace("\n", " ")))
        words = text.split()
        data = np.zeros((len(words), LENGTH), dtype=np.int64)
        for row, word in zip(data, words, strict=True):
            row[: len(word)] = representation.encode(word)
        sizes = np.array([[len(word) / 4 - 1] for word in words], dtype=np.float32)
        return representation, Encoded(data, sizes, np.ones((len(words), 1), dtype=bool))

    def restore(self, config):
        return LettersRepresentation(config["stream"])

    def fingerprints(self, representation, data):
        return {"first": np.asarray(data)[:10]}

    def generate(self, representation, sampler, request):
        options = LettersOptions.model_validate(request.options)
        conditions = known = given = None
        if options.size is not None:
            conditions = np.full((options.count, 1), options.size / 4 - 1, dtype=np.float32)
            known = np.ones((options.count, 1), dtype=bool)
        if options.beginning:
            tokens = np.tile(representation.encode(options.beginning), (options.count, 1))
            given = Given(tokens, np.ones(tokens.shape, dtype=bool))
        for item in sampler(options.count, conditions, known, request.seed, given):
            yield Sample("".join(ALPHABET[token] for token in item).strip("\n").encode(), "text/plain")

    def preview(self, representation, data):
        return Sample("\n".join("".join(ALPHABET[token] for token in item) for item in data).encode(), "text/plain")

    def training_figures(self, representation, real, synthetic):
        return {"size_gap": float(abs((np.asarray(real) > 0).sum(axis=1).mean() - (synthetic > 0).sum(axis=1).mean()))}
