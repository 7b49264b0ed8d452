"""From files to the drafts of a system."""

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from publication.vocabulary import ALLOWED_SIGNS, LONGEST_NAME_BYTES, check_system_name
from training.discovery.drafts import PlaceDraft, SourceDraft, SystemDraft
from training.discovery.plans import Options, Plan, plan
from training.discovery.reading import read_tables
from training.discovery.report import Assumption
from training.discovery.tables import FileTable, stacked
from training.discovery.zones import machine_zone
from training.errors import HistoryError
from training.sources.contents import Content, contents_of, usable
from training.system.schema import DEFAULT_CENSUS_HOUR

DEFAULT_NAME = "system"
ALIKE_SHARE = 0.5
"""Files are of one layout if so many of their columns are the same."""
WILDCARDS = "*?["


@dataclass(frozen=True)
class Discovery:
    """The system that files describe, and what was assumed."""

    draft: SystemDraft
    assumptions: tuple[Assumption, ...]


def discover(files: Sequence[Path], folder: Path, options: Options, name: str | None, holidays: str | None) -> Discovery:
    """Return the system that files describe; `folder` is where its system.toml will be.

    Raises HistoryError where a file has no counts of days, or can be read in two ways.
    """
    named = name or _system_name(files)
    tables = [table for path in usable(list(files)) for table in _tables(path, folder)]
    if not tables:
        raise HistoryError(f"Looking at {files[0]}: it has no table with a header and numbers. Send the extract again.")
    plans = []
    for group in _alike(tables):
        table = stacked(group)
        plans.append(plan(table, _path(table, folder), named, options))
    return _together(plans, named, holidays, options)


def _tables(path: Path, folder: Path) -> Iterator[FileTable]:
    for content in contents_of(path, _shown(path, folder)):
        yield from read_tables(content)


def _shown(path: Path, folder: Path) -> str:
    absolute = path.absolute()
    return absolute.relative_to(folder.absolute()).as_posix() if absolute.is_relative_to(folder.absolute()) else path.name


def _alike(tables: Sequence[FileTable]) -> list[list[FileTable]]:
    groups: list[list[FileTable]] = []
    for table in tables:
        for group in groups:
            if _is_alike(group[0], table):
                group.append(table)
                break
        else:
            groups.append([table])
    return groups


def _is_alike(one: FileTable, other: FileTable) -> bool:
    mine, theirs = set(one.columns), set(other.columns)
    return one.location == other.location and len(mine & theirs) >= ALIKE_SHARE * len(mine | theirs)


def _path(table: FileTable, folder: Path) -> tuple[str, ...]:
    """What a source reads: the files by their names, or one pattern that fits them and no others of their folder."""
    paths = list(dict.fromkeys(content.path.absolute() for content in table.contents))
    names = [path.name for path in paths]
    if len(paths) > 1 and len({path.parent for path in paths}) == 1:
        prefix, suffix = os.path.commonprefix(names).rstrip("0123456789"), _common_suffix(names).lstrip("0123456789")
        pattern = f"{_escaped(prefix)}*{_escaped(suffix)}"
        there = [entry.name for entry in paths[0].parent.iterdir() if fnmatch(entry.name, pattern)]
        if sorted(there) == sorted(names):
            return (_relative(paths[0].parent, folder, pattern),)
    return tuple(_relative(path.parent, folder, _escaped(path.name)) for path in paths)


def _common_suffix(names: Sequence[str]) -> str:
    return os.path.commonprefix([name[::-1] for name in names])[::-1]


def _relative(parent: Path, folder: Path, name: str) -> str:
    """The path as the system file names it: relative if it is below its folder."""
    base = folder.absolute()
    if parent.is_relative_to(base):
        relative = _escaped(parent.relative_to(base).as_posix())
        return name if relative == "." else f"{relative}/{name}"
    return f"{_escaped(parent.as_posix())}/{name}"


def _escaped(text: str) -> str:
    """A text in which no sign is a wildcard."""
    return "".join(f"[{sign}]" if sign in WILDCARDS else sign for sign in text)


def _system_name(files: Sequence[Path]) -> str:
    """A name from what the files' names have in common."""
    stems = [path.name.partition(".")[0] for path in files]
    return as_system_name(os.path.commonprefix(stems) or stems[0])


def as_system_name(text: str) -> str:
    """A name that a system may have, as near to the text as can be."""
    composed = unicodedata.normalize("NFC", text)
    signs = "".join(sign if sign.isalnum() or sign in ALLOWED_SIGNS else "-" for sign in composed)
    name = signs.strip(" -_.&+()").encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").rstrip(" .")
    try:
        return check_system_name(name)
    except ValueError:
        return DEFAULT_NAME


def _together(plans: Sequence[Plan], name: str, holidays: str | None, options: Options) -> Discovery:
    places: dict[str, PlaceDraft] = {}
    for of_plan in plans:
        for place in of_plan.places:
            places.setdefault(place.id, place)
    root = _free_name(name, places)
    zone = next((of_plan.zone for of_plan in plans if of_plan.zone is not None), None)
    timezone, because = _zone(zone, options)
    declared = {measure: kind for of_plan in plans for measure, kind in of_plan.declared.items()}
    census_hour = next((p.census_hour for p in plans if p.census_hour != DEFAULT_CENSUS_HOUR), DEFAULT_CENSUS_HOUR)
    assumptions = [assumption for of_plan in plans for assumption in of_plan.assumptions]
    assumptions.append(Assumption("time zone", timezone, because))
    if holidays is None:
        assumptions.append(Assumption("bank holidays", "none", "give --holidays GB-ENG, or as the country is"))
    comments = [f"Written by headroom init. {line}" for line in ("Each line of its table of assumptions can be changed here.",)]
    left_out = [comment for of_plan in plans for comment in of_plan.comments]
    if left_out:
        comments += ["Columns that are not read:", *left_out]
        comments.append('To read one, write it under measures, such as { NAME = "column" }, and declare [measures.NAME].')
    draft = SystemDraft(
        root, timezone, holidays, census_hour, tuple(places.values()), _distinct(plans), declared, tuple(comments)
    )
    return Discovery(draft, tuple(assumptions))


def _zone(settled: tuple[str, str] | None, options: Options) -> tuple[str, str]:
    if options.timezone is not None:
        return options.timezone, "--timezone says so"
    if settled is not None:
        return settled
    return machine_zone(), "it is this machine's; give --timezone if the hospital is elsewhere"


def _free_name(name: str, places: Mapping[str, PlaceDraft]) -> str:
    while name in places:
        name += " system"
    return name


def _distinct(plans: Sequence[Plan]) -> tuple[SourceDraft, ...]:
    """The sources of all plans, each with a name of its own."""
    sources: dict[str, SourceDraft] = {}
    for of_plan in plans:
        for source in of_plan.sources:
            name, number = source.name, 2
            while name in sources:
                name, number = f"{source.name}_{number}", number + 1
            sources[name] = replace(source, name=name)
    return tuple(sources.values())
