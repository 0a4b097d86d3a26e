"""Writes tests/fixtures/numbers: .npy files of NumPy, and numbers as half precision stores them.

    python tests/parity/record/number_files.py
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[2] / "fixtures" / "numbers"


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    numbers = np.arange(24) / 7 - 1
    np.save(TARGET / "single.npy", numbers.astype("<f4").reshape(2, 3, 4))
    np.save(TARGET / "double.npy", numbers)
    np.save(TARGET / "scalar.npy", np.float64(0.1))
    np.save(TARGET / "empty.npy", np.zeros((0, 5), "<f4"))
    np.save(TARGET / "integers.npy", np.arange(5))
    np.save(TARGET / "columns-first.npy", np.asfortranarray(numbers.reshape(4, 6)))
    rng = np.random.default_rng(2)
    singles = rng.normal(size=400).astype("<f4") * 10 ** rng.uniform(-9, 6, 400).astype("<f4")
    edges = [0, -0.0, 65504, 65519.996, 65520, 1e9, -1e9, 2**-24, 2**-25, 2**-25 * 1.0001, 2**-14, 2**-14 - 2**-25, 1 + 2**-11, 1 + 3 * 2**-11]
    singles = np.concatenate([singles, np.array(edges, "<f4")])
    with np.errstate(over="ignore"):
        halves = singles.astype("<f2").view("<u2")
    (TARGET / "halves.json").write_text(json.dumps({"singleBits": singles.view("<u4").tolist(), "halfBits": halves.tolist()}) + "\n")


if __name__ == "__main__":
    main()
