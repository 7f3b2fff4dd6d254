"""A worker without jax for the tests of the pool: it answers, fails, or dies as its jobs say."""

import json
import os
import signal
import sys
from pathlib import Path

number, folder = int(sys.argv[1]), Path(sys.argv[2])
for line in sys.stdin:
    job = json.loads(line)
    seen = folder / f"job{job['job']}"
    tries = len(list(folder.glob(f"{seen.name}.*"))) + 1
    Path(f"{seen}.{tries}").write_text(str(os.getpid()))
    if job.get("die", 0) >= tries:
        os.kill(os.getpid(), signal.SIGKILL)
    if "half" in job and tries == 1:
        sys.stdout.write('{"job": 0, "st')
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if "wait_for" in job:
        while not list(folder.glob(job["wait_for"])):
            pass
    answer = {"error": job["error"]} if "error" in job else {"done": {"worker": number, "pid": os.getpid()}}
    if "steps" in job:
        print(json.dumps({"job": job["job"], "steps": job["steps"]}), flush=True)
    print(json.dumps({"job": job["job"], **answer}), flush=True)
