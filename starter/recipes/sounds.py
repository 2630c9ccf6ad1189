"""The starter model `sounds`: one-shots and textures from Debian's package sonic-pi-samples.

    python starter/recipes/sounds.py build/sounds           (a minute; prints the training command)
    python starter/recipes/sounds.py build/sounds --samples /usr/share/sonic-pi/samples

Without ``--samples`` and without the package installed, its .deb is fetched by ``apt-get download`` and unpacked. Only
samples are taken that Debian's copyright file names one by one under CC0 (130 of 165; the package's own README places
all of them under CC0). Each is one recording from freesound.org.

There are few recordings of a kind, so each class is filled up with variants: other pitches by resampling, stretched in
time, another equaliser curve, another decay, other moments of long recordings, two recordings of a class at once.
Whole recordings are held out with all their variants, in ``heldout/``, for measuring; ``vinyl hiss`` has one recording
only, whose last third is held out. Everything is drawn from a seed by class and item.
"""

import argparse
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.audio.reading import without_silence
from castalia.modalities.audio.spectrum import HOP, samples_of, spectrum
from castalia.modalities.sound import Samples, decode, to_int16

RATE = 22_050
SECONDS = 1.48
"""128 frames of a spectrogram hold 1.486."""
ITEMS, HELD_ITEMS = 120, 32
PACKAGE = "sonic-pi-samples"
INSTALLED = Path("usr/share/sonic-pi/samples")
COPYRIGHT = Path("usr/share/doc") / PACKAGE / "copyright"
TRAIN = (
    "castalia train {folder} --name sounds --modality audio --family diffusion --minutes 8 --threads 1 --seed 0 "
    "--option dropout=0 --data seconds=1.48 "
    '--licence "CC0-1.0 (Debian sonic-pi-samples, recordings from freesound.org)"'
)


@dataclass(frozen=True)
class Kind:
    """A class: recordings to learn from, recordings held out, and how variants may differ.

    ``semitones``: most by which the pitch moves. ``decay``: time constants in seconds of an envelope, or None to keep
    the recording's own. ``texture``: long recordings are entered anywhere.
    """

    learnt: str
    held: str
    semitones: float = 3.0
    decay: tuple[float, float] | None = (0.15, 1.5)
    texture: bool = False


KINDS: dict[str, Kind] = {
    "bass drum, kick drum, kick": Kind(
        "bd_808 bd_ada bd_boom bd_gas bd_haus bd_klub bd_pure bd_sone bd_tek bd_zum drum_bass_hard drum_bass_soft "
        "elec_hollow_kick",
        "bd_fat bd_zome drum_heavy_kick elec_soft_kick",
        decay=(0.1, 0.8),
    ),
    "snare drum, snare": Kind(
        "sn_dolf sn_zome drum_snare_hard drum_snare_soft elec_snare elec_mid_snare",
        "sn_dub elec_lo_snare elec_hi_snare",
        decay=(0.1, 0.6),
    ),
    "tom, tom tom, tom drum": Kind(
        "drum_tom_hi_hard drum_tom_hi_soft drum_tom_lo_hard drum_tom_lo_soft",
        "drum_tom_mid_hard drum_tom_mid_soft",
        decay=(0.3, 1.5),
    ),
    "hi-hat, hihat, closed hi-hat, open hi-hat": Kind(
        "drum_cymbal_closed drum_cymbal_open elec_cymbal", "drum_cymbal_pedal", decay=(0.03, 0.15)
    ),
    "cymbal, crash cymbal, splash cymbal, crash": Kind(
        "drum_cymbal_hard drum_cymbal_soft drum_splash_hard", "drum_splash_soft", decay=(0.5, 2.0)
    ),
    "bell, chime": Kind("perc_bell elec_bell elec_chime elec_triangle elec_bong", "elec_ping", 6.0, (0.2, 1.5)),
    "tabla": Kind(
        "tabla_dhec tabla_ghe1 tabla_ghe2 tabla_ghe3 tabla_ghe5 tabla_ghe6 tabla_ghe7 tabla_ghe8 tabla_ke1 tabla_ke3 "
        "tabla_na tabla_na_o tabla_re tabla_tas1 tabla_tas3 tabla_te1 tabla_te_m tabla_te_ne tabla_tun1 tabla_tun3",
        "tabla_ghe4 tabla_ke2 tabla_na_s tabla_tas2 tabla_te2 tabla_tun2",
        2.0,
        (0.3, 2.0),
    ),
    "guitar, electric guitar": Kind("guit_e_slide guit_em9 guit_harmonics", "guit_e_fifths", 5.0, (0.8, 3.0), True),
    "bass, synth bass, bass guitar": Kind(
        "bass_dnb_f bass_drop_c bass_hard_c bass_hit_c bass_thick_c bass_voxy_c bass_woodsy_c",
        "bass_trance_c bass_voxy_hit_c",
        5.0,
        (0.3, 3.0),
    ),
    "electronic blip, blip, beep, bleep": Kind(
        "elec_beep elec_blip elec_blup elec_flip elec_plip elec_twip elec_tick", "elec_blip2 elec_pop", 5.0, None
    ),
    "ambient texture, ambience, drone, pad, hum": Kind(
        "ambi_drone ambi_glass_hum ambi_glass_rub ambi_lunar_land ambi_soft_buzz",
        "ambi_choir ambi_haunted_hum",
        5.0,
        None,
        True,
    ),
    "vinyl hiss, hiss, crackle": Kind("vinyl_hiss", "vinyl_hiss", 2.0, None, True),
    "drum loop, breakbeat, beat": Kind(
        "loop_amen loop_amen_full loop_compus loop_industrial loop_mika loop_garzul",
        "loop_breakbeat loop_safari",
        2.0,
        None,
        True,
    ),
}


def main() -> None:
    """Write ``train/`` and ``heldout/`` below the wanted folder and say how to train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=Path, help="the package's folder of samples; found or fetched when left out")
    parser.add_argument("--copyright", type=Path, help="the package's copyright file; beside the samples or installed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path("/") if (Path("/") / INSTALLED).is_dir() else None
        if root is None and arguments.samples is None:
            root = fetch(Path(scratch))
        samples = arguments.samples or (root or Path("/")) / INSTALLED
        licensed = cc0_names(arguments.copyright or (root or Path("/")) / COPYRIGHT)
        for number, (name, kind) in enumerate(KINDS.items()):
            learnt, held = (recordings(samples, names, licensed) for names in (kind.learnt, kind.held))
            if kind.learnt == kind.held:
                learnt, held = ([part] for part in parted(learnt[0]))
            for seed, part, sources, count in ((0, "train", learnt, ITEMS), (1, "heldout", held, HELD_ITEMS)):
                folder = arguments.out / part / name
                folder.mkdir(parents=True, exist_ok=True)
                for item in range(count):
                    generator = np.random.default_rng([seed, number, item])
                    write(folder / f"{item:03d}.wav", variant(sources, item, kind, generator))
            print(f"{name}: {len(learnt)} recordings learnt, {len(held)} held out")
    print(f"\n{TRAIN.format(folder=arguments.out / 'train')}")


def fetch(scratch: Path) -> Path:
    """The root below which the package's files lie, unpacked in ``scratch``."""
    subprocess.run(["apt-get", "download", PACKAGE], cwd=scratch, check=True)
    subprocess.run(["dpkg-deb", "-x", next(scratch.glob("*.deb")).name, "files"], cwd=scratch, check=True)
    return scratch / "files"


def cc0_names(copyright_file: Path) -> set[str]:
    """Names of the samples that Debian's copyright file puts under CC0 by name."""
    paragraphs = copyright_file.read_text(encoding="utf-8").split("\n\n")
    return {
        word.removeprefix("etc/samples/").removesuffix(".flac")
        for paragraph in paragraphs
        if "\nLicense: CC0" in paragraph
        for word in paragraph.split()
        if word.startswith("etc/samples/")
    }


def recordings(folder: Path, names: str, licensed: set[str]) -> list[Samples]:
    """The named samples, mono at 22,050 Hz, without the silence around them. Exits for one that is not CC0 by name."""
    refused = set(names.split()) - licensed
    if refused:
        raise SystemExit(f"not named as CC0 in the copyright file: {', '.join(sorted(refused))}")
    sounds = [decode((folder / f"{name}.flac").read_bytes(), RATE)[0] for name in names.split()]
    return [without_silence(sound, RATE) for sound in sounds]


def parted(sound: Samples) -> tuple[Samples, Samples]:
    """The first two thirds and the rest of a recording."""
    place = 2 * len(sound) // 3
    return sound[:place], sound[place:]


def variant(sources: list[Samples], item: int, kind: Kind, generator: np.random.Generator) -> Samples:
    """Item ``item`` of a class: the first ones are the recordings themselves, the rest are variants of them in turn."""
    plain = item < len(sources)
    sound = changed(sources[item % len(sources)], kind, generator, plain)
    if not plain and len(sources) > 1 and generator.random() < 0.25:
        other = changed(sources[int(generator.integers(len(sources)))], kind, generator, False)
        length = max(len(sound), len(other))
        gain = 10.0 ** (-generator.uniform(4.0, 14.0) / 20.0)
        sound, other = (peaked(np.pad(one, (0, length - len(one)))) for one in (sound, other))
        sound = sound + np.float32(gain) * other
    return 0.9 * peaked(sound)


def changed(sound: Samples, kind: Kind, generator: np.random.Generator, plain: bool) -> Samples:
    """A recording cut to the length and, unless ``plain``, moved in pitch and time, equalised, and let decay."""
    wanted = int(SECONDS * RATE)
    if kind.texture and len(sound) > wanted // 2 and not plain:
        start = int(generator.integers(0, max(1, len(sound) - wanted // 2)))
        sound = eased_in(sound[start : start + 2 * wanted])
    if not plain:
        sound = sound[: 3 * wanted]
        sound = resampled(sound, 2.0 ** (generator.uniform(-kind.semitones, kind.semitones) / 12.0))
        if generator.random() < 0.5:
            sound = stretched(sound, float(generator.uniform(0.8, 1.25)))
        sound = equalised(sound, generator)
        if kind.decay is not None:
            constant = float(np.exp(generator.uniform(*np.log(kind.decay))))
            sound = sound * np.exp(-np.arange(len(sound)) / (constant * RATE)).astype(np.float32)
    elif kind.decay is not None and kind.decay[1] < 0.2:
        sound = sound * np.exp(-np.arange(len(sound)) / (kind.decay[1] * RATE)).astype(np.float32)
    return eased_out(sound[:wanted], 0.3 if len(sound) > wanted else 0.005)


def resampled(sound: Samples, factor: float) -> Samples:
    """Played ``factor`` times as fast, what would fold back filtered off: pitch and time together."""
    if factor > 1.0:
        bins = np.fft.rfft(sound)
        bins[int(len(bins) / factor) :] = 0.0
        sound = np.fft.irfft(bins, len(sound)).astype(np.float32)
    places = np.arange(0.0, len(sound) - 1, factor)
    return np.interp(places, np.arange(len(sound)), sound).astype(np.float32)


def stretched(sound: Samples, factor: float) -> Samples:
    """``factor`` times as long at the same pitch, by a phase vocoder (Flanagan and Golden, 1966)."""
    frames = len(sound) // HOP + 1
    if frames < 8:
        return sound
    spectra = spectrum(sound, frames)
    places = np.arange(0.0, frames - 1, 1.0 / factor)
    before = places.astype(int)
    share = (places - before)[:, None]
    magnitudes = (1.0 - share) * np.abs(spectra[before]) + share * np.abs(spectra[before + 1])
    steps = np.angle(spectra[before + 1] * np.conj(spectra[before]))
    phases = np.angle(spectra[0]) + np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(steps[:-1], axis=0)])
    return samples_of((magnitudes * np.exp(1j * phases)).astype(np.complex64))[: int(len(sound) * factor)]


def equalised(sound: Samples, generator: np.random.Generator) -> Samples:
    """Through a smooth curve of up to 5 dB more or less in six places from 60 Hz to half the rate."""
    bins = np.fft.rfft(sound)
    frequencies = np.maximum(np.fft.rfftfreq(len(sound), 1.0 / RATE), 1.0)
    knots = np.geomspace(60.0, RATE / 2, 6)
    decibels = np.interp(np.log(frequencies), np.log(knots), generator.uniform(-5.0, 5.0, 6))
    return np.fft.irfft(bins * 10.0 ** (decibels / 20.0), len(sound)).astype(np.float32)


def eased_in(sound: Samples) -> Samples:
    """With its first 5 ms faded in."""
    count = min(len(sound), RATE // 200)
    return sound * np.concatenate([np.linspace(0.0, 1.0, count), np.ones(len(sound) - count)]).astype(np.float32)


def eased_out(sound: Samples, seconds: float) -> Samples:
    """With its last moment faded out."""
    count = min(len(sound), int(seconds * RATE))
    ramp: NDArray[np.float64] = np.concatenate([np.ones(len(sound) - count), np.linspace(1.0, 0.0, count)])
    return sound * ramp.astype(np.float32)


def peaked(sound: Samples) -> Samples:
    """Brought to a peak of one."""
    return sound / np.float32(max(1e-6, float(np.abs(sound).max(initial=0.0))))


def write(path: Path, sound: Samples) -> None:
    """A WAV file of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(to_int16(sound).tobytes())


if __name__ == "__main__":
    main()
