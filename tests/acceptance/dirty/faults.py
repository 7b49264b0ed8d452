"""The dirty extracts: a quiet quarter of three sites, and what is laid into it, one fault or a pair for each file.

`python -m tests.acceptance.dirty.faults` writes the files next to this one anew.
"""

import gzip
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "files"
FIRST = date(2026, 1, 5)
DAYS = 91
SITES = {"A": 60, "B": 80, "C": 100}
HEADER = "code,date,attendances,admissions,discharges,occupancy,beds"
COLUMN = {name: i for i, name in enumerate(HEADER.split(","))}
SEED = 11

Lines = list[str]
Lay = Callable[[Lines], Lines]


def day(position: int) -> date:
    return FIRST + timedelta(days=position)


def quiet() -> Lines:
    """The lines of a clean extract, header first, day by day: what flows in and out is what the beds show."""
    random = np.random.default_rng(SEED)
    week = (1.1, 1.03, 1.0, 1.0, 1.0, 0.9, 0.92)
    census = {site: 7 * level for site, level in SITES.items()}
    lines = [HEADER]
    for i in range(DAYS):
        for site, level in SITES.items():
            admissions = int(random.poisson(level * week[i % 7]))
            discharges = int(random.binomial(census[site], 1 / 7))
            census[site] += admissions - discharges
            counts = (int(random.poisson(3 * level * week[i % 7])), admissions, discharges, census[site])
            lines.append(",".join(map(str, (site, day(i), *counts, round(7.8 * level)))))
    return lines


def number(site: str, position: int) -> int:
    """Return the position of the line of a site and day."""
    return 1 + 3 * position + list(SITES).index(site)


def put(site: str, positions: range | int, column: str, text: str | Callable[[float], object]) -> Lay:
    """Writes a text, or what becomes of the count, into a column."""
    days = range(positions, positions + 1) if isinstance(positions, int) else positions

    def lay(lines: Lines) -> Lines:
        for position in days:
            cells = lines[number(site, position)].split(",")
            found = cells[COLUMN[column]]
            cells[COLUMN[column]] = text if isinstance(text, str) else f"{text(float(found)):g}"
            lines[number(site, position)] = ",".join(cells)
        return lines

    return lay


def everywhere(positions: range | int, column: str, text: str) -> Lay:
    return both(*(put(site, positions, column, text) for site in SITES))


def both(*lays: Lay) -> Lay:
    def lay(lines: Lines) -> Lines:
        for each in lays:
            lines = each(lines)
        return lines

    return lay


def line(site: str, position: int, make: Callable[[str], str]) -> Lay:
    """Makes one line, or several, of a line."""

    def lay(lines: Lines) -> Lines:
        lines[number(site, position)] = make(lines[number(site, position)])
        return lines

    return lay


def without(*gone: tuple[str, range]) -> Lay:
    """Takes lines away."""

    def lay(lines: Lines) -> Lines:
        lost = {number(site, position) for site, days in gone for position in days}
        return [text for i, text in enumerate(lines) if i not in lost]

    return lay


def entire_file(make: Callable[[Lines], Lines]) -> Lay:
    return make


def total(off: range, by: int) -> Lay:
    """A line of the root for each day, its attendances the sum of the sites' but for some days."""

    def lay(lines: Lines) -> Lines:
        for position in range(DAYS):
            sums = [sum(int(lines[number(site, position)].split(",")[i]) for site in SITES) for i in range(2, 7)]
            sums[0] += by * (position in off)
            lines.append(",".join(map(str, ("north", day(position), *sums))))
        return lines

    return lay


def in_a_hundred_years(text: str) -> str:
    """A line, and the same for a day to come."""
    return f"{text}\n{text.replace('2026-', '2126-')}"


def again(column: str, text: str) -> Callable[[str], str]:
    """A line twice, the second time with another text."""

    def make(first: str) -> str:
        cells = first.split(",")
        cells[COLUMN[column]] = text
        return f"{first}\n{','.join(cells)}"

    return make


CSV: dict[str, Lay] = {
    "clean": both(),
    "unknown_place": line("A", 40, lambda text: text.replace("A,", "Z,", 1)),
    "day_of_another_form": line("A", 40, lambda text: text.replace("2026-02-14", "14.02.2026")),
    "day_that_is_none": line("A", 40, lambda text: text.replace("2026-02-14", "2026-02-30")),
    "day_with_an_hour": line("A", 40, lambda text: text.replace("2026-02-14", "2026-02-14 09:30")),
    "text": put("A", 40, "beds", "many"),
    "not_available": put("A", 40, "beds", "NA"),
    "unit": put("A", 40, "beds", "468 beds"),
    "thousands": put("A", 40, "beds", '"1,468"'),
    "percent": put("A", 40, "beds", "97%"),
    "full_width_digits": put("A", 40, "beds", "\uff14\uff16\uff18"),
    "negative": put("A", 40, "admissions", "-5"),
    "minus_1": put("A", 40, "admissions", "-1"),
    "minus_9": put("A", 40, "admissions", "-9"),
    "minus_9999": put("A", 40, "occupancy", "-9999"),
    "infinite": put("A", 40, "occupancy", "inf"),
    "too_large": put("A", 40, "occupancy", "1e400"),
    "day_to_come": line("C", DAYS - 1, in_a_hundred_years),
    "conflicting": line("A", 40, again("beds", "12")),
    "repeated": line("A", 40, lambda text: f"{text}\n{text}"),
    "cell_missing": line("A", 40, lambda text: text.rpartition(",")[0]),
    "cell_too_many": line("A", 40, lambda text: text + ",1"),
    "blank_cells": put("A", range(40, 43), "occupancy", ""),
    "blanks_around": line("A", 40, lambda text: text.replace(",", " , ")),
    "blank_lines": line("A", 40, lambda text: f"\n{text}\n\n"),
    "spike": put("A", 60, "attendances", lambda y: y * 5),
    "dip": put("B", 60, "admissions", lambda y: y // 6),
    "beds_at_double": put("B", 60, "beds", lambda y: 2 * y),
    "excursion": put("C", range(60, 64), "attendances", lambda y: y // 4),
    "zero_at_one_site": put("B", 70, "admissions", "0"),
    "zero_everywhere": everywhere(70, "discharges", "0"),
    "frozen": put("A", range(60, 72), "occupancy", "421"),
    "ninety_nine": put("A", 70, "occupancy", "99"),
    "nine_hundred_and_ninety_nine": put("A", 70, "attendances", "999"),
    "nine_thousand_and_more": put("A", 70, "occupancy", "9999"),
    "occupancy_above_beds": put("B", 70, "occupancy", "1300"),
    "half_of_the_newest_day": both(*(put(site, DAYS - 1, "attendances", lambda y: y // 2.2) for site in SITES)),
    "total_off": total(range(80, 82), -80),
    "outage": without(("A", range(50, 53))),
    "late": without(("C", range(DAYS - 4, DAYS))),
    "silent": without(("C", range(DAYS - 30, DAYS))),
    "unbalanced": put("B", range(50, 91), "discharges", lambda y: y // 1.4),
    "level_shift": put("B", range(56, 91), "attendances", lambda y: y // 2),
    "spike_and_text": both(put("A", 60, "attendances", lambda y: y * 5), put("A", 40, "beds", "many")),
    "zero_everywhere_and_outage": lambda lines: without(("A", range(50, 53)))(everywhere(70, "discharges", "0")(lines)),
    "minus_1_and_frozen": both(put("B", 40, "admissions", "-1"), put("A", range(60, 72), "occupancy", "421")),
    "every_place_unknown": entire_file(lambda lines: [lines[0], *("Z" + text[1:] for text in lines[1:])]),
    "every_day_in_the_future": entire_file(lambda lines: [text.replace("2026-", "2126-") for text in lines]),
    "a_twelfth_is_text": both(*(put("A", position, "beds", "many") for position in range(0, 92, 4)[:22])),
    "a_thirtieth_is_text": both(*(put("A", position, "beds", "many") for position in range(0, 90, 10))),
    "header_alone": entire_file(lambda lines: lines[:1]),
    "column_missing": entire_file(lambda lines: [text.rpartition(",")[0] for text in lines]),
    "column_twice": entire_file(lambda lines: [lines[0] + ",beds", *(text + ",1" for text in lines[1:])]),
    "quote_never_closed": put("A", 40, "beds", '"468'),
}


def _text(lines: Lines) -> str:
    return "\n".join(lines) + "\n"


def _bytes(encode: Callable[[str], bytes]) -> Callable[[], bytes]:
    return lambda: encode(_text(quiet()))


def _with_days(text: str, written: Callable[[date], str]) -> bytes:
    """The text with every day written otherwise."""
    for position in range(DAYS):
        text = text.replace(f",{day(position)},", f",{written(day(position))},")
    return text.encode()


def _with_beds(text: str, separator: str, written: Callable[[str], str]) -> bytes:
    """The text with every count of beds written otherwise."""
    header, *lines = text.splitlines()
    cells = [line.rpartition(separator) for line in lines]
    return _text([header, *(f"{rest}{separator}{written(beds)}" for rest, _, beds in cells)]).encode()


OTHER: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "semicolons": _bytes(lambda text: text.replace(",", ";").encode()),
    "tabs": _bytes(lambda text: text.replace(",", "\t").encode()),
    "byte_order_mark": _bytes(lambda text: text.encode("utf-8-sig")),
    "latin_1": _bytes(lambda text: text.replace("A,2026-02-14", "\u00c9,2026-02-14").encode("latin-1")),
    "utf_16": _bytes(lambda text: text.encode("utf-16")),
    "pipes": _bytes(lambda text: text.replace(",", "|").encode()),
    "for_excel": _bytes(lambda text: f"sep=;\n{text.replace(',', ';')}".encode()),
    "gzipped": _bytes(lambda text: gzip.compress(text.encode(), mtime=0)),
    "below_titles": _bytes(lambda text: f"Beds of the north,,,,,,\n,,,,,,\n{text}".encode()),
    "days_first": _bytes(lambda text: _with_days(text, lambda day: f"{day:%d/%m/%Y}")),
    "at_the_census_hour": _bytes(lambda text: _with_days(text, lambda day: f"{day}T08:00:00")),
    "days_of_excel": _bytes(lambda text: _with_days(text, lambda day: str((day - date(1899, 12, 30)).days))),
    "decimal_commas": _bytes(lambda text: _with_beds(text.replace(",", ";"), ";", lambda n: f"{n},5")),
    "thousands_everywhere": _bytes(lambda text: _with_beds(text, ",", lambda n: f'"1,{n}"')),
    "small_counts_hidden": _bytes(lambda text: _with_beds(text, ",", lambda _: "<5")),
    "words_for_nothing": _bytes(lambda text: _with_beds(text, ",", lambda _: "n/a")),
    "windows_lines": _bytes(lambda text: text.replace("\n", "\r\n").encode()),
    "a_workbook_by_name": lambda: b"PK\x03\x04 not a CSV",
}


def contents() -> dict[str, bytes]:
    """Each dirty input, by its name."""
    made = {name: _text(lay(quiet())).encode() for name, lay in CSV.items()}
    return made | {name: make() for name, make in OTHER.items()}


def main() -> None:
    FILES.mkdir(exist_ok=True)
    for name, content in contents().items():
        (FILES / f"{name}.csv").write_bytes(content)


if __name__ == "__main__":
    main()
