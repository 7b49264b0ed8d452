"""Print what the product must reach, what it reaches, and what others reach on the same data in the same run.

`python -m benchmarks.accuracy [--rows swast,portugal] [--peers AutoETS,Prophet] [--every N] [--cache DIR]`
"""

import argparse
import logging
import sys
import time
import warnings
from pathlib import Path

from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.rows import ROWS
from benchmarks.accuracy.runner import ForecastRunner, Options
from benchmarks.accuracy.table import markdown, plain


def main() -> None:
    """Run the rows and print the table; what is missed is reported, not an error."""
    options = _options()
    rows = options.rows.split(",")
    if unknown := set(rows) - set(ROWS):
        sys.exit(f"--rows names {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}.")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    began = time.perf_counter()
    runner = ForecastRunner(
        Options(options.every, None if options.peers is None else options.peers.split(","), options.cache)
    )
    found = []
    for name in rows:
        heading(name)
        lines = ROWS[name](runner)
        print(plain(lines), file=sys.stderr, flush=True)  # a run of hours that is cut off has printed what it found
        found += lines
    extent = "all cutoffs" if options.every == 1 else f"only every {options.every}th cutoff: not the protocols"
    cached = "" if options.cache is None else ", peers' forecasts and times from the cache where it has them"
    print(plain(found))
    print(f"{sum(line.met is True for line in found)} of {len(found)} met; {extent}{cached}")
    print(f"{(time.perf_counter() - began) / 60:.0f} minutes")
    if options.markdown:
        options.markdown.write_text(markdown(found) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--peers", help="names of the peers to run; all, if left out")
    parser.add_argument("--every", type=int, default=1, help="only every so many of all cutoffs, to try things")
    parser.add_argument("--cache", type=Path, help="save peers' forecasts here, and take them from here")
    parser.add_argument("--markdown", type=Path, help="write the table as Markdown too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
