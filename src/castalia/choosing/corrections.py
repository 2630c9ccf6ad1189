"""The corrections of one home folder: kept as lines of JSON, and the weights that were learnt from them beside."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from castalia.choosing import held_out
from castalia.choosing.classifier import Classifier, load, save
from castalia.choosing.learning import Correction, learn
from castalia.choosing.lexicon import Lexicon
from castalia.core.errors import StorageError

FOLDER = "chooser"
CORRECTIONS, WEIGHTS = "corrections.jsonl", "weights.safetensors"


class Line(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid")

    text: str
    label: str
    kinds: list[str] = []


class Corrections:
    """The corrections kept in ``<home>/chooser``, oldest first, and the classifier that follows from them."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def read(self) -> list[Correction]:
        """All of them. Raises StorageError naming the line that cannot be read."""
        file = self.folder / CORRECTIONS
        if not file.is_file():
            return []
        found: list[Correction] = []
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                told = Line.model_validate_json(line)
            except ValidationError:
                raise StorageError(
                    f"{file}, line {number} is not a correction.", hint="Delete that line, or castalia choose --forget."
                ) from None
            found.append(Correction(told.text, told.label, tuple(told.kinds)))
        return found

    def write(self, corrections: list[Correction]) -> None:
        """Keep these instead of what there was; with none, the folder's files go."""
        if not corrections:
            for name in (CORRECTIONS, WEIGHTS):
                (self.folder / name).unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            json.dumps({"text": one.text, "label": one.label, "kinds": list(one.kinds)}, ensure_ascii=False)
            for one in corrections
        ]
        waiting = self.folder / f"{CORRECTIONS}.new"
        waiting.write_text("\n".join(lines) + "\n", encoding="utf-8")
        waiting.replace(self.folder / CORRECTIONS)

    def classifier(self, lexicon: Lexicon) -> Classifier:
        """The shipped classifier, moved by the corrections; learnt anew when either has changed since."""
        shipped, corrections = load(), self.read()
        if not corrections:
            return shipped
        state = sha256(f"{shipped.corpus}{corrections}".encode()).hexdigest()
        file = self.folder / WEIGHTS
        if file.is_file():
            kept = load(file)
            if kept.corpus == state:
                return kept
        known = [one for one in corrections if one.label in shipped.labels]
        moved = replace(learn(shipped, known, lexicon, held_out.load()), corpus=state)
        save(moved, file)
        return moved
