"""Sizes of the code: its modules and functions, and its tests. `python -m benchmarks.sizes` prints a table."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PACKAGES = ("publication", "service", "training")
SHORT_LINES = 60
TENTHS = 10


def main() -> None:
    """Print a table of sizes, as Markdown."""
    rows: list[tuple[str, str]] = []
    for names in (*((name,) for name in PACKAGES), PACKAGES):
        lengths = [length for _, length in _modules(names)]
        functions = [length for path, _ in _modules(names) for length in _functions(path)]
        title = " + ".join(names)
        rows += [
            (f"{title}: modules", f"{len(lengths)}"),
            (
                f"{title}: lines of a module, median / nine in ten",
                f"{median(lengths):.0f} / {_ninth_tenth(lengths):.0f}",
            ),
            (f"{title}: modules of {SHORT_LINES} lines or fewer", f"{sum(n <= SHORT_LINES for n in lengths)}"),
            (f"{title}: lines of a function, median / nine in ten", _percentiles(functions)),
        ]
    source, tests = (sum(length for _, length in _modules(names)) for names in (PACKAGES, ("tests",)))
    rows.append(("lines of source / of tests", f"{source:,} / {tests:,}"))
    print("| size | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))


def _modules(packages: Iterable[str]) -> Iterator[tuple[Path, int]]:
    """Each module and its lines; a file that holds a docstring alone is no module to read."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if len(ast.parse(text).body) > 1:
                yield path, len(text.splitlines())


def _functions(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1


def _percentiles(lengths: list[int]) -> str:
    return f"{median(lengths):.0f} / {_ninth_tenth(lengths):.0f}"


def _ninth_tenth(lengths: list[int]) -> float:
    return quantiles(lengths, n=TENTHS)[-1]


if __name__ == "__main__":
    main()
