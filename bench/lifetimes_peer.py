"""The same fit by ``lifetimes``: run by bench/clv.py in a separate environment, with packages of 2020.

Reads x, t_x and T (known) of every customer from a file; prints parameters and seconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np


def main() -> None:
    """Fit and forecast the given number of times."""
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter

    file, horizon, repeats = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    arrays = np.load(file)
    x, t_x, known = (arrays[name] for name in ("x", "t_x", "known"))
    runs = []
    for _ in range(repeats):
        started = time.perf_counter()
        fitter = BetaGeoFitter().fit(x, t_x, known)
        fitted = time.perf_counter()
        expected = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, known)
        scored = time.perf_counter()
        runs.append({"fit": fitted - started, "score": scored - fitted})
    parameters = {name: float(value) for name, value in fitter.params_.items()}
    sys.stdout.write(json.dumps({"parameters": parameters, "expected": float(np.sum(expected)), "runs": runs}))


if __name__ == "__main__":
    main()
