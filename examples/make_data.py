"""Writes small real data sets to train on: handwritten digits as pictures, a table of patients.

Both come with scikit-learn: `load_digits` (1,797 digits, 8 x 8 pixels, UCI) and `load_diabetes` (442 patients, in their
own units). Usage: python examples/make_data.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_diabetes, load_digits

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def write_digits(folder: Path) -> Path:
    """One sub-folder a digit, each with its PNG files; returns the folder."""
    digits = load_digits()
    for number, (picture, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / NAMES[digit] / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(picture / 16 * 255)).save(path)
    return folder


def write_patients(path: Path) -> Path:
    """A CSV of 442 patients: age, sex, blood values, and how their diabetes went on; returns its path."""
    patients = load_diabetes(as_frame=True, scaled=False).frame
    patients["sex"] = patients["sex"].map({1.0: "male", 2.0: "female"})
    patients["age"] = patients["age"].astype(int)
    names = {"bp": "blood_pressure", "s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s4": "cholesterol_to_hdl"}
    names |= {"s5": "log_triglycerides", "s6": "glucose", "target": "progression"}
    path.parent.mkdir(parents=True, exist_ok=True)
    patients.rename(columns=names).to_csv(path, index=False)
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    print(write_digits(target / "digits"))
    print(write_patients(target / "patients.csv"))
