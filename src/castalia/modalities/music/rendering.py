"""Pieces as sound: by FluidSynth, a program of its own, where it and a soundfont are installed, else by ourselves."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.piece import Piece
from castalia.modalities.music.synthesis import PEAK, synthesise
from castalia.modalities.sound import decode

SOUNDFONTS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
"""Where systems keep soundfonts; the variable ``SOUNDFONT`` names another file."""
PATIENCE = 300.0
"""Seconds that FluidSynth may take."""


def soundfont() -> Path | None:
    """The soundfont to play with, or None."""
    named = os.environ.get("SOUNDFONT")
    if named:
        return Path(named) if Path(named).is_file() else None
    found = (path for folder in SOUNDFONTS for path in sorted(Path(folder).glob("*.sf[23]")))
    return next((path for path in found if path.is_file()), None)


def render(piece: Piece, midi: bytes, rate: int) -> tuple[NDArray[np.float32], str]:
    """Mono samples at ``rate``, and what made them: ``fluidsynth`` or ``castalia``."""
    program, font = shutil.which("fluidsynth"), soundfont()
    if program is not None and font is not None:
        played = _fluidsynth(program, font, midi, rate)
        if played is not None:
            return played, "fluidsynth"
    return synthesise(piece, rate), "castalia"


def _fluidsynth(program: str, font: Path, midi: bytes, rate: int) -> NDArray[np.float32] | None:
    """What FluidSynth makes of it; None when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        score.write_bytes(midi)
        command = [program, "-n", "-i", "-q", "-g", "0.6", "-r", str(rate), "-F", str(sound), str(font), str(score)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
            samples, _ = decode(sound.read_bytes())
        except (OSError, subprocess.SubprocessError):
            return None
    loudest = float(np.abs(samples).max()) if len(samples) else 0.0
    return None if loudest == 0 else (samples * (PEAK / loudest)).astype(np.float32)
