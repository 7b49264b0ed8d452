"""Run one command of `headroom` in this process, and write what it cost as JSON.

`python -m benchmarks.scale.measured FIGURES.json publish --system ...`
"""

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.scale.steps import sampled


def main() -> None:
    """Run the command; the exit code is the command's."""
    out, sys.argv = Path(sys.argv[1]), ["headroom", *sys.argv[2:]]
    began, code = time.perf_counter(), 0
    with sampled() as sampler:
        try:
            from training.cli.main import main as command

            command()
        except SystemExit as ended:
            code = int(ended.code or 0)
    seconds = time.perf_counter() - began
    _end_workers()
    used = os.times()
    figures = {
        "seconds": seconds,
        "processor_seconds": used.user + used.system + used.children_user + used.children_system,
        "peak_bytes": max(sampler.peak_bytes.values()),
        "steps": {step: {"seconds": s, "peak_bytes": sampler.peak_bytes[step]} for step, s in sampler.seconds.items()},
        "lines": dict(sorted(sampler.innermost.items(), key=lambda item: -item[1])[:40]),
    }
    if not code:
        out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    sys.exit(code)


def _end_workers() -> None:
    """End joblib's worker processes: their processor seconds count once they have ended."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


if __name__ == "__main__":
    main()
