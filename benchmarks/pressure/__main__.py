"""Print what pressure, paths and sums must reach, and what they reach, and what rivals reach on the same cases.

`python -m benchmarks.pressure [--rows simulator,winter] [--every N] [--markdown FILE]`
"""

import argparse
import logging
import sys
import time
import warnings
from pathlib import Path

from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.table import markdown, plain
from benchmarks.pressure import real, simulated, what_if

ROWS = {"simulator": simulated.simulator, "winter": real.winter, "germany": real.germany, "what_if": what_if.what_if}


def main() -> None:
    """Run the rows and print the table; what is missed is reported, not an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pressure", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--every", type=int, default=1, help="only every so many of all cutoffs, to try things")
    parser.add_argument("--markdown", type=Path, help="write the table as Markdown too")
    options = parser.parse_args()
    if unknown := set(options.rows.split(",")) - set(ROWS):
        sys.exit(f"--rows names {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}.")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    began, found = time.perf_counter(), []
    for name in options.rows.split(","):
        heading(name)
        lines = ROWS[name](options.every)
        print(plain(lines), file=sys.stderr, flush=True)
        found += lines
    print(plain(found))
    n_met, minutes = sum(line.met is True for line in found), (time.perf_counter() - began) / 60
    print(f"{n_met} of {len(found)} met, {minutes:.0f} minutes")
    if options.markdown:
        options.markdown.write_text(markdown(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
