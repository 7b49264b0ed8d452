"""From files to the draft of a system. Files without days name the places of others."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path

from publication.vocabulary import ALLOWED_SIGNS, LONGEST_NAME_BYTES, check_system_name
from training.discovery.axis import machine_zone
from training.discovery.drafts import PLACES, Assumption, PlaceDraft, SourceDraft, SystemDraft
from training.discovery.looking import Options
from training.discovery.measures import role_of
from training.discovery.places import place_id
from training.discovery.plans import Plan, plan
from training.discovery.reading import read_tables, read_words
from training.discovery.shapes import stem_of
from training.discovery.tables import CellKind, Column, FileTable, stacked
from training.discovery.words import tokens
from training.errors import HistoryError, NoDaysError
from training.sources.contents import contents_of, usable
from training.sources.reading import WILDCARDS
from training.system.schema import DEFAULT_CENSUS_HOUR

NAMED_PLACES_SHARE = 0.8
"""A column has the ids of places if it has so many of them."""


def with_names(places: Sequence[PlaceDraft], table: FileTable) -> tuple[list[PlaceDraft], Assumption]:
    """Return the places with the names that a table without days has for them, and what was assumed of it."""
    file = table.contents[0].file
    ids = _ids(places, table)
    name = None if ids is None else _names(table, ids)
    if ids is None or name is None:
        return list(places), Assumption("left out", file, "it has no column of days")
    pairs = set(zip(ids.codes.tolist(), name.codes.tolist(), strict=True))
    name_of = {place_id(ids.texts[code]): name.texts[at].strip() for code, at in pairs}
    found = Assumption("names", f"{name.name} of {file}", f"its {ids.name} has the ids of places, and it has no days")
    return [place if place.name else replace(place, name=name_of.get(place.id, "")) for place in places], found


def _ids(places: Sequence[PlaceDraft], table: FileTable) -> Column | None:
    """The column with the ids of nearly all places, each once."""
    wanted = {place.id for place in places}
    for column in table.columns.values():
        have = {place_id(text) for text in column.filled}
        if len(wanted & have) >= NAMED_PLACES_SHARE * len(wanted) and len(column.filled) == column.n_filled:
            return column
    return None


def _names(table: FileTable, ids: Column) -> Column | None:
    """The column of words with the longest texts."""
    words = [c for c in table.columns.values() if c is not ids and c.shares[CellKind.WORD] >= NAMED_PLACES_SHARE]
    return max(words, key=lambda column: sum(map(len, column.filled)), default=None)


DEFAULT_NAME = "system"
ALIKE_SHARE = 0.5
"""Files are of one layout if so many of their columns are the same."""
DIGITS = "0123456789"
NUMBERED = re.compile(r".*(?:19|20)\d\d.*|(?:sheet|tabelle|feuil|hoja|foglio|blad|folha|ark)? ?\d+", re.IGNORECASE)
"""Names of sheets that are those of years, or no names at all."""


@dataclass(frozen=True)
class Discovery:
    """The system that files describe, what was assumed, and the newest day of the files."""

    draft: SystemDraft
    assumptions: tuple[Assumption, ...]
    last_day: date


def discover(
    files: Sequence[Path],
    folder: Path,
    options: Options,
    name: str | None = None,
    holidays: str | None = None,
    feeds: Sequence[Path] = (),
) -> Discovery:
    """Return the system that files describe; `folder` is where its system.toml will be.

    `feeds` are folders whose files are all to be read, those of tomorrow too.

    Raises HistoryError where a file has no counts of days, or can be read in two ways.
    """
    named = as_system_name(name) if name is not None else _system_name(files)
    contents = [content for path in usable(list(files)) for content in contents_of(path, _shown(path, folder))]
    tables: list[FileTable] = []
    lookups: list[FileTable] = []
    for content in contents:
        found = read_tables(content)
        tables.extend(found)
        lookups.extend(() if found else read_words(content))
    if not tables:
        raise HistoryError(
            f"Looking at {files[0]}: it has no table with names of columns above numbers. "
            "Send the extract with a header."
        )
    plans, rejection = [], None
    for group in _alike(tables):
        try:
            plans.append(
                plan(stacked(group), _path(group, folder, feeds), _place_of(group, tables, named), options, named)
            )
        except HistoryError as error:
            is_sheet, has_no_days = group[0].location.sheet is not None, isinstance(error, NoDaysError)
            if len(tables) == 1 or not (is_sheet or has_no_days):
                raise
            rejection = error  # workbooks have sheets of notes and of other things, and folders have tables of names
            if has_no_days and not is_sheet:
                lookups.extend(group)
    if rejection is not None and not plans:
        raise rejection
    return _named(_together(plans, named, holidays, options), lookups)


def _named(found: Discovery, lookups: Sequence[FileTable]) -> Discovery:
    """The same with the names that tables without days have for places."""
    places, assumptions = found.draft.places, list(found.assumptions)
    for table in lookups:
        named, assumption = with_names(places, table)
        places = tuple(named)
        assumptions.append(assumption)
    return replace(found, draft=replace(found.draft, places=places), assumptions=tuple(assumptions))


def _shown(path: Path, folder: Path) -> str:
    """The name of a file in sentences: from the folder on, if it is below it."""
    absolute, base = path.absolute(), folder.absolute()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else path.name


def _alike(tables: Sequence[FileTable]) -> list[list[FileTable]]:
    """Tables of one layout together."""
    groups: list[list[FileTable]] = []
    for table in tables:
        group = next((group for group in groups if _is_alike(group[0], table)), None)
        if group is None:
            groups.append([table])
        else:
            group.append(table)
    return groups


def _is_alike(one: FileTable, other: FileTable) -> bool:
    mine, theirs = set(one.columns), set(other.columns)
    is_shared = len(mine & theirs) >= ALIKE_SHARE * len(mine | theirs)
    roles = {role_of(tokens(stem_of(table.contents[0]))) for table in (one, other)} - {None}
    return one.location == other.location and is_shared and len(roles) < 2  # of one measure each


def _place_of(group: Sequence[FileTable], tables: Sequence[FileTable], named: str) -> str:
    """The place of rows that name none: a sheet's, where several sheets that are not numbered have the same columns."""
    first = group[0]
    others = [
        table
        for table in tables
        if table.contents == first.contents and set(table.columns) == set(first.columns) and table is not first
    ]
    sheet = first.location.sheet
    if not others or sheet is None or NUMBERED.fullmatch(sheet):
        return named
    return place_id(sheet)


def _path(group: Sequence[FileTable], folder: Path, feeds: Sequence[Path]) -> tuple[str, ...]:
    """What a source reads: the files by their names, or one pattern that fits them and no others of their folder."""
    paths = list(dict.fromkeys(content.path.absolute() for table in group for content in table.contents))
    names = [path.name for path in paths]
    ending = {name[len(name.partition(".")[0]) :] for name in names}
    if paths[0].parent in [feed.absolute() for feed in feeds] and len(ending) == 1:
        there = usable([entry for entry in paths[0].parent.iterdir() if entry.is_file()])
        pattern = f"*{_escaped(ending.pop())}"
        if sorted(entry.name for entry in there) == sorted(names) and not _takes_our_own(paths[0], folder, pattern):
            return (_relative(paths[0].parent, folder, pattern),)
    if len(paths) > 1 and len({path.parent for path in paths}) == 1:
        begin, end = _common_begin(names).rstrip(DIGITS), _common_begin([name[::-1] for name in names])[::-1]
        pattern = f"{_escaped(begin)}*{_escaped(end.lstrip(DIGITS))}"
        matching = [entry.name for entry in paths[0].parent.iterdir() if fnmatchcase(entry.name, pattern)]
        if sorted(matching) == sorted(names) and not _takes_our_own(paths[0], folder, pattern):
            return (_relative(paths[0].parent, folder, pattern),)
    return tuple(_relative(path.parent, folder, _escaped(path.name)) for path in paths)


def _takes_our_own(path: Path, folder: Path, pattern: str) -> bool:
    """Return whether a pattern in the folder of this path would take the places.csv that is written next."""
    return path.parent == folder.absolute() and fnmatchcase(PLACES, pattern)


def _common_begin(names: Sequence[str]) -> str:
    return "".join(signs[0] for signs in takewhile(lambda signs: len(set(signs)) == 1, zip(*names, strict=False)))


def _relative(parent: Path, folder: Path, name: str) -> str:
    """The path as the system file names it: relative if it is below its folder."""
    base = folder.absolute()
    if not parent.is_relative_to(base):
        return f"{_escaped(parent.as_posix())}/{name}"
    relative = _escaped(parent.relative_to(base).as_posix())
    return name if relative == "." else f"{relative}/{name}"


def _escaped(text: str) -> str:
    """A text in which no sign is a wildcard."""
    return "".join(f"[{sign}]" if sign in WILDCARDS else sign for sign in text)


def _system_name(files: Sequence[Path]) -> str:
    """A name from what the files' names have in common."""
    stems = [path.name.lstrip(".").partition(".")[0] for path in files]
    return as_system_name(_common_begin(stems).rstrip(DIGITS) if len(stems) > 1 else stems[0])


def as_system_name(text: str) -> str:
    """A name that a system may have, as near to the text as can be."""
    composed = unicodedata.normalize("NFC", text)
    signs = "".join(sign if sign.isalnum() or sign in ALLOWED_SIGNS else "-" for sign in composed)
    name = signs.strip(" -_.&+()").encode(errors="ignore")[:LONGEST_NAME_BYTES].decode(errors="ignore").rstrip(" .")
    try:
        return check_system_name(name)
    except ValueError:
        return DEFAULT_NAME


def _together(plans: Sequence[Plan], name: str, holidays: str | None, options: Options) -> Discovery:
    places: dict[str, PlaceDraft] = {}
    for of_plan in plans:
        for place in of_plan.places:
            places.setdefault(place.id, place)
    timezone, because = _zone(plans, options)
    assumptions = [assumption for of_plan in plans for assumption in of_plan.assumptions]
    assumptions.append(Assumption("time zone", timezone, because))
    if holidays is None:
        assumptions.append(Assumption("bank holidays", "none", "give --holidays GB-ENG, or as your country is"))
    hours = [of_plan.census_hour for of_plan in plans]
    draft = SystemDraft(
        name=name,
        timezone=timezone,
        holidays=holidays,
        census_hour=next((hour for hour in hours if hour != DEFAULT_CENSUS_HOUR), DEFAULT_CENSUS_HOUR),
        places=tuple(places.values()),
        sources=_distinct(plans),
        declared={measure: kind for of_plan in plans for measure, kind in of_plan.declared.items()},
        comments=tuple(_comments(plans)),
    )
    return Discovery(draft, tuple(assumptions), max(of_plan.last_day for of_plan in plans))


def _comments(plans: Sequence[Plan]) -> Iterator[str]:
    yield "Written by headroom init, from what it assumed. Correct it where that is wrong."
    left_out = {name: because for of_plan in plans for name, because in of_plan.left_out.items()}
    if left_out:
        yield "These columns are not read. To read one, give it a name among the measures of its source;"
        yield "one that is not built in is declared too: [measures.NAME] with its kind, flow, stock or capacity."
        yield from (f"  {name}: {because}" for name, because in left_out.items())


def _zone(plans: Sequence[Plan], options: Options) -> tuple[str, str]:
    if options.timezone is not None:
        return options.timezone, "--timezone says so"
    settled = next((of_plan.zone for of_plan in plans if of_plan.zone is not None), None)
    return settled or (machine_zone(), "it is this machine's; give --timezone if the hospital is elsewhere")


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
