"""The main job, as `make start` shows it: get the starter models, train one of your own, ask for eight things.

Every line that starts with $ is a command that you can type yourself. Usage: python examples/first_steps.py
"""

import subprocess
import sys
from pathlib import Path

from make_data import write_digits, write_patients

COMMAND = Path(sys.executable).with_name("castalia")
DEMO = Path("demo")


def castalia(*arguments: str) -> None:
    """Run a command of ours, shown as it would be typed; stop when it fails."""
    shown = " ".join(f'"{argument}"' if " " in argument else argument for argument in arguments)
    print(f"\n$ castalia {shown}", flush=True)
    finished = subprocess.run([str(COMMAND), *arguments], check=False)
    if finished.returncode != 0:
        sys.exit(finished.returncode)


def is_there(model: str) -> bool:
    """Whether a model of that name exists."""
    return subprocess.run([str(COMMAND), "show", model, "--json"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Pull, train, ask."""
    castalia("pull", "starter")
    write_digits(DEMO / "digits")
    write_patients(DEMO / "patients.csv")
    if not is_there("digits"):
        castalia("train", str(DEMO / "digits"), "--name", "digits", "--minutes", "1")
    castalia("ask", "What is the capital of France? Answer in one word.")
    castalia("ask", "Read this aloud: Good morning, and welcome to Castalia.", "-o", str(DEMO / "welcome.wav"))
    castalia("ask", "Make 200 more rows like this table", str(DEMO / "patients.csv"), "-o", str(DEMO / "more.csv"))
    castalia("ask", "Draw a handwritten seven", "-o", str(DEMO / "seven.png"))
    castalia("ask", "Draw a red apple", "-o", str(DEMO / "apple.png"))
    castalia("ask", "A video of a blue car moving right", "-o", str(DEMO / "car.mp4"))
    castalia("ask", "The sound of a snare drum", "-o", str(DEMO / "snare.wav"))
    castalia("ask", "A slow chorale in G minor", "-o", str(DEMO / "chorale.mid"))
    print(f"\nThe files are in {DEMO}/. Next: castalia chat, castalia serve, castalia train FOLDER, castalia --help")


if __name__ == "__main__":
    main()
