"""Take each part out of the recipe, one at a time, and measure what is lost, on days before the scored windows.

`python -m benchmarks.ablation [--systems swast,portugal] [--parts waves,bias] [--every N]`: by how many percent MASE
and scaled WIS are worse without the part than with the complete recipe, at the same cutoffs, and what the 80 % interval
covers then.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence

from benchmarks.ablation.parts import Part, parts
from benchmarks.ablation.runs import Figures, measured
from benchmarks.ablation.systems import SYSTEMS

DEFAULT_SYSTEMS = ("swast", "portugal", "germany")
NOT_THERE = ""
Measured = Mapping[str, tuple[Figures, Mapping[str, Figures]]]


def lines(found: Measured, taken: Mapping[str, Part]) -> list[str]:
    """Return a table of Markdown: of each part and system, what is lost without it."""
    systems = [f"{name}, {complete.n_cutoffs} cutoffs" for name, (complete, _) in found.items()]
    of_all = [f"{c.mase:.4f}, {c.scaled_wis:.4f}, {c.covers_80:.3f}" for c, _ in found.values()]
    rows = [["without", "instead", *systems], ["---"] * (len(found) + 2), ["nothing: complete", "", *of_all]]
    for name, part in taken.items():
        cells = [_cell(complete, without.get(name)) for complete, without in found.values()]
        rows.append([part.name, part.instead, *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(complete: Figures, without: Figures | None) -> str:
    if without is None:
        return NOT_THERE
    mase, wis = _change(without.mase, complete.mase), _change(without.scaled_wis, complete.scaled_wis)
    return f"{mase:+.2f}, {wis:+.2f}, {without.covers_80:.3f}"


def _change(without: float, complete: float) -> float:
    """Return by how many percent a loss is greater without the part."""
    return 100 * (without / complete - 1)


def chosen(wanted: str | None, known: Collection[str], option: str, default: Sequence[str]) -> list[str]:
    """Return the names of a comma-separated list; ends the program for one that is not known."""
    names = list(default) if wanted is None else wanted.split(",")
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"{option} names {', '.join(unknown)}; there are {', '.join(known)}.")
    return names


def main() -> None:
    """Print the table."""
    known = parts()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--systems", help=f"some of {', '.join(SYSTEMS)}; default: {', '.join(DEFAULT_SYSTEMS)}")
    parser.add_argument("--parts", help=f"some of {', '.join(known)}; default: all")
    parser.add_argument("--every", type=int, default=1, help="only every so many of all cutoffs, to try things")
    options = parser.parse_args()
    systems = chosen(options.systems, SYSTEMS, "--systems", DEFAULT_SYSTEMS)
    taken = {name: known[name] for name in chosen(options.parts, known, "--parts", list(known))}
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    warnings.simplefilter("ignore")  # libraries warn of each series that is short or constant
    found = {name: measured(name, SYSTEMS[name], taken, options.every) for name in systems}
    print("\n".join(lines(found, taken)))


if __name__ == "__main__":
    main()
