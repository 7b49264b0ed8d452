"""`headroom init`: from extracts to a first system.toml and places.csv."""

import shlex
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from publication.console import printable
from training.discovery.discover import discover
from training.discovery.drafts import PLACES, SystemDraft, as_rich
from training.discovery.looking import Options
from training.errors import UsageError
from training.files import output, write_atomically
from training.system.reading import read_system
from training.system.schema import DEFAULT_HORIZON_DAYS

__all__ = ["Options", "run"]

SYSTEM = "system.toml"


def run(
    console: Console,
    files: Sequence[Path],
    out: Path,
    options: Options,
    today: date,
    name: str | None = None,
    holidays: str | None = None,
) -> Path:
    """Write the system that the files describe, and print what was assumed; return the path of its system.toml.

    Raises UsageError where a file is absent, or other files of these names are there.
    """
    found = discover(_files(files), out, options, name, holidays, feeds=[path for path in files if path.is_dir()])
    _check(found.draft)
    _write(found.draft, out)
    console.print(as_rich(found.assumptions))
    target = out / SYSTEM
    shown = printable(str(target))
    console.print(
        f"Wrote {shown} and {PLACES} with {len(found.draft.places)} places. Look at them, then run:\n"
        f"  headroom daily --system {shlex.quote(shown)}{_cutoff(found.last_day, today)}",
        soft_wrap=True,
        markup=False,
    )
    return target


def _cutoff(last_day: date, today: date) -> str:
    """The option that publishes what would have been published then, where the days to be forecast are over."""
    is_over = (today - last_day).days > DEFAULT_HORIZON_DAYS
    return f" --cutoff {last_day}" if is_over else ""


def _files(given: Sequence[Path]) -> list[Path]:
    """The files; of a folder those in it."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files.extend(sorted(entry for entry in path.iterdir() if entry.is_file()))
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"{path}: there is no such file. Give the extracts to look at.")
    if not files:
        raise UsageError(f"{given[0]}: there is no file in it. Give the extracts to look at.")
    return files


def _check(draft: SystemDraft) -> None:
    """Read the system as every other command will, before a file of it is there."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / SYSTEM
        _write_into(draft, Path(folder))
        read_system(target)


def _write(draft: SystemDraft, out: Path) -> None:
    for file, text in ((SYSTEM, draft.toml), (PLACES, draft.places_csv)):
        target = out / file
        with output("--out", target):
            if target.exists() and target.read_bytes() != text.encode():
                raise UsageError(
                    f"{target}: it is there already, with another content, and is not overwritten. Give another --out, "
                    "or move it away."
                )
    with output("--out", out):
        _write_into(draft, out)


def _write_into(draft: SystemDraft, folder: Path) -> None:
    for file, text in ((PLACES, draft.places_csv), (SYSTEM, draft.toml)):
        with write_atomically(folder / file) as unfinished:
            unfinished.write_bytes(text.encode())
