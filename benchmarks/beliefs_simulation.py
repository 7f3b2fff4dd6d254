"""Ten thousand simulated histories of 500 reports, with their movement and bets, for every kind of forecaster.

    ./run bench beliefs_simulation

Target: under 2 s to simulate 10,000 × 500 reports. The audit's evidence on all of them is timed beside it.
"""

import time

import numpy as np

from readoff.beliefs.forecasters import FAULTY, RATIONAL, as_histories, simulate
from readoff.beliefs.noise import Noise
from readoff.beliefs.power import evidence
from readoff.beliefs.streams import steps

HISTORIES, REPORTS = 10_000, 500


def main() -> None:
    simulate("overreact", 10, 10, np.random.default_rng(0))  # load scipy before the clock starts
    for kind in RATIONAL + FAULTY:
        began = time.perf_counter()
        reports, truth = simulate(kind, HISTORIES, REPORTS, np.random.default_rng(0))
        simulated = time.perf_counter()
        s = steps(as_histories(reports, truth))
        excess = s.sums((1 - 2 * s.now) * s.change).mean()
        evidence(s, HISTORIES, Noise())
        done = time.perf_counter()
        print(f"{kind:<11} simulated {simulated - began:.2f} s (target 2), mean X {excess:+.4f}, "
              f"six bets on every history {done - simulated:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
