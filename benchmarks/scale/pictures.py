"""Draw the figures of a cache of `benchmarks.scale` for docs/explanation/performance.md.

`python -m benchmarks.scale.pictures --cache DIR [--series 100,300,1000] [--out docs/pictures/scale-publish.svg]`
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure

from benchmarks.scale.figures import Figures, read_figures

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "scale-publish.svg"
NAMED_STEPS = 6
OTHERS = "other steps"
HASH_SALT = "headroom"  # ids in the file are the same at each run


def main() -> None:
    """Write the picture of publishing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--series", default="100,300,1000")
    parser.add_argument("--out", type=Path, default=PICTURE)
    options = parser.parse_args()
    sizes = [int(size) for size in options.series.split(",")]
    found = [read_figures(options.cache / str(size) / "publish.json") for size in sizes]
    rcParams["svg.hashsalt"] = HASH_SALT
    drawn(sizes, found).savefig(options.out, metadata={"Date": None})


def drawn(sizes: Sequence[int], found: Sequence[Figures]) -> Figure:
    """Return a figure: processor seconds by step, and the largest memory, by the number of series."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    seconds, memory = figure.subplots(1, 2, width_ratios=(2, 1))
    labels, below = [f"{size:,}" for size in sizes], [0.0] * len(sizes)
    for step in _largest_steps(found[-1]):
        values = [processor_seconds(of, step) for of in found]
        seconds.bar(labels, values, bottom=below, label=step)
        below = [one + more for one, more in zip(below, values, strict=True)]
    others = [of.processor_seconds - known for of, known in zip(found, below, strict=True)]
    seconds.bar(labels, others, bottom=below, label=OTHERS, color="lightgrey")
    seconds.set(xlabel="series", ylabel="processor seconds", title="A morning's publish, by step")
    seconds.legend(fontsize="small")
    memory.bar(labels, [of.peak_gib for of in found], color="grey")
    memory.set(xlabel="series", ylabel="GiB", title="Largest memory")
    return figure


def processor_seconds(of: Figures, step: str) -> float:
    """Return the part of the processor seconds that a step has by its part of the seconds."""
    share = sum(one.seconds for one in of.steps if one.name == step) / sum(one.seconds for one in of.steps)
    return share * of.processor_seconds


def _largest_steps(of: Figures) -> list[str]:
    ordered = sorted(of.steps, key=lambda step: -step.seconds)
    return [step.name for step in ordered[:NAMED_STEPS]]


if __name__ == "__main__":
    main()
