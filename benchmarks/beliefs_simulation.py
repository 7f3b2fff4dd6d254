"""Ten thousand simulated histories of 500 reports, and the decision about them, for every kind of forecaster.

    ./run bench beliefs_simulation

Target: under 2 s to simulate 10,000 × 500 reports. The decision about all of them as one table is timed beside it.
"""

import time

import numpy as np

from readoff.beliefs.decide import decide
from readoff.beliefs.forecasters import KINDS
from readoff.beliefs.power import Plan, tables
from readoff.beliefs.streams import steps

HISTORIES, REPORTS = 10_000, 500


def main() -> None:
    tables(Plan("overreact", 10, 10), 1, np.random.default_rng(0))  # load scipy before the clock starts
    for kind in KINDS:
        plan = Plan(kind, 1, REPORTS, group=5)
        began = time.perf_counter()
        h = tables(plan, HISTORIES, np.random.default_rng(0))
        simulated = time.perf_counter()
        s = steps(h)
        excess = s.sums((1 - 2 * s.now) * s.change).mean()
        decide(h, plan.setting)
        done = time.perf_counter()
        print(f"{kind:<11} simulated {simulated - began:.2f} s (target 2), mean X {excess:+.4f}, "
              f"decided together in {done - simulated:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
