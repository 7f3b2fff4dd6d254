"""`readoff check` in a fresh store and again: seconds, and whether the second run re-used every verdict.

./run bench check_time [SELECTOR ...]

cold     a fresh store, the quick profile       goal <= 240 s on 2 cores, first verdict within 20 s
again    the same store                         goal <= 20 s, all re-used, same verdicts
help     `readoff --help`                       goal <= 0.5 s
"""

import json
import subprocess
import sys
import tempfile
import time

from common import clock, report


def main() -> None:
    selectors = sys.argv[1:]
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "-m", "readoff", "check", *selectors, "--json", "--store", store]
        times, verdicts, first = [], [], 0.0
        for number in range(2):
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            line = process.stderr.readline()  # type: ignore[union-attr]
            first = first if number else time.perf_counter() - began
            out, _ = process.communicate()
            times.append(time.perf_counter() - began)
            if not out.strip():
                sys.exit(f"the check gave nothing: {line}")
            verdicts.append({c["id"]: (c["verdict"], c["reused"]) for c in json.loads(out)["claims"]})
    reused = sum(again for _, again in verdicts[1].values())
    same = all(verdicts[0][name][0] == verdict for name, (verdict, _) in verdicts[1].items())
    help_s = clock(lambda: subprocess.run([sys.executable, "-m", "readoff", "--help"], capture_output=True))
    print(
        f"cold {times[0]:.1f} s (first verdict after {first:.1f} s); again {times[1]:.1f} s, {reused} of "
        f"{len(verdicts[1])} re-used, same verdicts: {same}; --help {help_s:.2f} s"
    )
    report(
        "check_time",
        cold_s=times[0],
        first_s=first,
        again_s=times[1],
        reused=reused,
        claims=len(verdicts[1]),
        same=same,
        help_s=help_s,
        ratio=times[0] / times[1],
    )


if __name__ == "__main__":
    main()
