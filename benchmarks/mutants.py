"""Mutation testing of the functions on which numbers, promotions and answers rest: how many small faults tests find.

`python -m benchmarks.mutants` (`make mutants`) runs mutmut as `[tool.mutmut]` of pyproject.toml says, prints how many
mutants of each module were killed, and the change of each survivor. It ends with 1 where fewer than `LEAST_KILLED`
of all are killed.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEAST_KILLED = 0.85
KILLED = frozenset({"killed", "timeout"})
LINE = re.compile(r"^\s*(?P<mutant>\S+__mutmut_\d+): (?P<status>.+)$", re.MULTILINE)
FUNCTION = re.compile(r"\.x[_ǁ]")  # mutmut's own mark before the name of a function or a class


@dataclass(frozen=True)
class Mutant:
    """One small change of a function, and how its tests ended."""

    name: str
    status: str

    @property
    def module(self) -> str:
        return FUNCTION.split(self.name)[0]

    @property
    def is_killed(self) -> bool:
        return self.status in KILLED


def main() -> int:
    """Run what is missing, print the table and the survivors. Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-children", type=int, default=2, help="processes at a time")
    parser.add_argument("--without-diffs", action="store_true", help="name survivors only")
    options = parser.parse_args()
    _mutmut("run", "--max-children", str(options.max_children), quiet=True)
    mutants = list(read(_mutmut("results", "--all", "true")))
    if not mutants:
        sys.exit("mutmut made no mutant: see [tool.mutmut] in pyproject.toml.")
    print(table(mutants))
    for mutant in (mutant for mutant in mutants if not mutant.is_killed):
        print(f"\n{mutant.name}: {mutant.status}")
        if not options.without_diffs:
            print("\n".join(_changed_lines(_mutmut("show", mutant.name))))
    share = _killed(mutants) / len(mutants)
    print(f"\n{_killed(mutants)} of {len(mutants)} mutants are killed: {share:.1%}; at least {LEAST_KILLED:.0%}")
    return 0 if share >= LEAST_KILLED else 1


def read(results: str) -> Iterator[Mutant]:
    """The mutants that `mutmut results --all true` lists."""
    for found in LINE.finditer(results):
        yield Mutant(found["mutant"], found["status"].strip())


def table(mutants: Iterable[Mutant]) -> str:
    """Mutants by module, as Markdown: how many, and how many of them are killed."""
    listed = list(mutants)
    made, killed = Counter(m.module for m in listed), Counter(m.module for m in listed if m.is_killed)
    rows = [f"| {module} | {n} | {killed[module]} | {killed[module] / n:.1%} |" for module, n in sorted(made.items())]
    return "\n".join(["| module | mutants | killed | share |", "|---|---|---|---|", *rows])


def _killed(mutants: Iterable[Mutant]) -> int:
    return sum(mutant.is_killed for mutant in mutants)


def _changed_lines(diff: str) -> Iterator[str]:
    return (line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2})", line))


def _mutmut(*arguments: str, quiet: bool = False) -> str:
    """Return the output of mutmut; a `quiet` one prints its progress to the terminal instead."""
    command = [str(Path(sys.executable).parent / "mutmut"), *arguments]
    ended = subprocess.run(command, cwd=ROOT, stdout=None if quiet else subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(command[1:])} ended with {ended.returncode}.")
    return ended.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
