"""Columns of days and times: their format, months in words, and the day and minute of each row."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from training.discovery.drafts import identifier, literal
from training.discovery.tables import DAY_PART, Column
from training.discovery.words import DAY_WORDS, PUBLISHED_WORDS, has, without_accents
from training.frames import BoolArray, IntArray
from training.sources.extract import Extract
from training.sources.times import MINUTES_A_DAY, NOT_A_TIME, parse_times, with_time_column
from training.system.model import Source

MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fev"),
    ("mar", "maa", "mrt"),
    ("apr", "abr", "avr"),
    ("mai", "maj", "may", "mei", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "ago", "aou"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "dic", "des"),
)
"""The first letters of the twelve months, of French, German, Spanish, Portuguese, Italian, Dutch and Nordic names."""
BEGINS = tuple(rf"^(?:{'|'.join(begins)})" for begins in MONTHS)
DAY_MONTH_YEAR = r"([0-9]{1,2})(?:er)?[^a-z0-9]*(?:de )?([a-z]{3,})[^a-z0-9]*(?:de )?(?:20)?([0-9]{2})$"
CENTURY = 2000


def day_of(text: str) -> date | None:
    """The day of a text; None where it is none, or of another century."""
    found = re.search(DAY_MONTH_YEAR, without_accents(text).lower().strip())
    if found is None:
        return None
    month = next((number for number, begin in enumerate(BEGINS, start=1) if re.match(begin, found[2])), None)
    try:
        return date(CENTURY + int(found[3]), month or 0, int(found[1]))
    except ValueError:
        return None


def sql_of(column: str) -> str:
    """SQL that gives the day of such a text in a column, as `day_of` does."""
    text = f"strip_accents(lower(trim(CAST({identifier(column)} AS VARCHAR))))"
    day, word, year = (f"regexp_extract({text}, {literal(DAY_MONTH_YEAR)}, {part})" for part in (1, 2, 3))
    months = " ".join(
        f"WHEN regexp_matches({word}, {literal(begin)}) THEN {number}" for number, begin in enumerate(BEGINS, start=1)
    )
    parts = f"CAST(nullif({year}, '') AS BIGINT) + {CENTURY}, CASE {months} END, CAST(nullif({day}, '') AS BIGINT)"
    return f"make_date({parts})"


READ_SHARE = 0.9
ALL_SHARE = 0.995
"""A format is that of a column if it reads so many of the rows that look like days: another one may read some."""
FIRST_DAY, LAST_DAY = np.datetime64("1970-01-01"), np.datetime64("2100-01-01")
CONSECUTIVE_SHARE, RARELY_CONSECUTIVE = 0.7, 0.4
FEWEST_CONSECUTIVE = 5
MONTHLY_DAYS = 28
CLOCK_PART = re.compile(
    r"[T ]?,?\s*(\d{1,2})[:.hH]?(\d{2})?(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})\s*\Z")
ISO_DAY_PART = re.compile(r"\d{4}-\d{2}-\d{2}")
COUNTING_FROM = {"serial": np.datetime64("1899-12-30")}
SERIALS = (25_569, 73_050)  # 1970 to 2099, as workbooks count days
SECONDS = (946_684_800, 4_102_444_800)  # 2000 to 2099
NAMED_FORMS = (
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d%b%Y", "%d %B %Y", "%d-%B-%Y", "%d-%b-%y", "%d %b %y", "%d%b%y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y", "%d. %b %Y", "%d.%b.%Y"),
)
WEEKDAY_FORMS = ("%a ", "%A ", "%a, ", "%A, ")


@dataclass(frozen=True)
class DayFormat:
    """How the days of a column are written. `text` is None for ISO; `doubt` has other formats that fit as well."""

    text: str | None
    because: str
    doubt: tuple[str, ...] = ()


@dataclass(frozen=True)
class DayColumn:
    """A column of days, or of times if it `has_time`.

    `minutes` has the local minute since 1970 of each row (NOT_A_TIME: none), `clock` the one time of the day that all
    rows have. `sql` is how a query reads it, where it needs one.
    """

    column: Column
    format: DayFormat
    minutes: IntArray
    has_time: bool
    has_offset: bool = False
    clock: int | None = None
    sql: str | None = None

    @property
    def days(self) -> IntArray:
        """The day of each row since 1970; NOT_A_TIME: none."""
        return np.where(self.minutes == NOT_A_TIME, NOT_A_TIME, self.minutes // MINUTES_A_DAY)

    @property
    def is_read(self) -> BoolArray:
        found: BoolArray = self.minutes != NOT_A_TIME
        return found

    @property
    def is_publication(self) -> bool:
        """Whether its name says that rows became known then."""
        return has(self.column.words, PUBLISHED_WORDS)

    @property
    def score(self) -> float:
        """How much its name and its place in the file speak for its being the day."""
        return 2.0 * has(self.column.words, DAY_WORDS) - 3.0 * self.is_publication + float(self.is_read.mean())


def as_day_column(column: Column, declared: str | None = None) -> DayColumn | None:
    """The column as one of days or times; None where it is none. `declared` is the format that the user gave."""
    texts = column.filled
    if not texts:
        return None
    found = {text: match for text in texts[:200] if (match := DAY_PART.fullmatch(text.strip())) is not None}
    if declared is None and len(found) < READ_SHARE / 2 * min(len(texts), 200):
        return _of_numbers(column)
    parts = {text: DAY_PART.fullmatch(text.strip()) for text in texts}
    matched = {text: match for text, match in parts.items() if match is not None}
    if declared is not None and (read := _declared(column, declared, matched)) is not None:
        return read
    share = sum(_counts(column, matched)) / max(1, column.n_filled)
    if share < READ_SHARE / 2:
        return None
    days = {text: _day_part(match) for text, match in matched.items()}
    settled = _settled(column, days, matched)
    if settled is None:
        return _with_month_names(column)
    return _with_times(column, settled, matched, days)


def _with_month_names(column: Column) -> DayColumn | None:
    """The column as one of days whose months are words of another language than English, if nearly all are."""
    day_of_text = {text: day for text in column.filled if (day := day_of(text)) is not None}
    if sum(_counts(column, list(day_of_text))) < ALL_SHARE * column.n_filled:
        return None
    minute_of = {text: (day - date(1970, 1, 1)).days * MINUTES_A_DAY for text, day in day_of_text.items()}
    minutes = np.array([minute_of.get(text, NOT_A_TIME) for text in column.texts], np.int64)[column.codes]
    because = "their months are words of another language than English"
    return DayColumn(column, DayFormat(None, because), minutes, False, sql=sql_of(column.name))


def _counts(column: Column, texts: Sequence[str] | dict[str, re.Match[str]]) -> list[int]:
    count_of = dict(zip(column.texts, column.counts.tolist(), strict=True))
    return [count_of[text] for text in texts]


def _day_part(match: re.Match[str]) -> str:
    rest = match["rest"] or ""
    text = match.string.strip()
    return text[: len(text) - len(rest)] if rest else text


def _formats(days: Sequence[str]) -> Iterator[str]:
    """The formats that days of this shape may have."""
    sample = days[0]
    match = DAY_PART.fullmatch(sample)
    if match is None:
        return
    begin = next((form for form in WEEKDAY_FORMS if _reads(sample, form)), "") if not sample[0].isdigit() else ""
    if match["ymd"]:
        sign = match["s"]
        yield f"{begin}%Y{sign}%m{sign}%d"
        if sign != "-":
            yield f"{begin}%Y{sign}%d{sign}%m"
    elif match["compact"]:
        yield f"{begin}%Y%m%d"
    elif match["dmy"]:
        sign, year = match["t"], "%Y" if len(match["dmy"].rsplit(match["t"], 1)[1]) > 2 else "%y"
        yield f"{begin}%d{sign}%m{sign}{year}"
        yield f"{begin}%m{sign}%d{sign}{year}"
        if year == "%y":
            yield f"{begin}%y{sign}%m{sign}%d"
    else:
        for form in NAMED_FORMS:
            yield form
            yield from (weekday + form for weekday in WEEKDAY_FORMS)


def _reads(sample: str, begin: str) -> bool:
    word = sample.split(" ", 1)[0] + " "
    try:
        datetime.strptime(word, begin)
    except ValueError:
        return False
    return True


def _parsed(days: Sequence[str], form: str) -> pd.Series:
    read = pd.to_datetime(pd.Series(days, dtype=object), format=form, errors="coerce", exact=True)
    values = read.to_numpy().astype("datetime64[ns]")
    fits = (values >= FIRST_DAY) & (values < LAST_DAY)
    return pd.Series(np.where(fits, values, np.datetime64("NaT")))


def _settled(column: Column, days: dict[str, str], matched: dict[str, re.Match[str]]) -> DayFormat | None:
    """The format that reads all days, settled by their values where several do."""
    counts = np.array(_counts(column, matched))
    texts = list(days.values())
    forms = dict.fromkeys(form for text in texts[:20] for form in _formats([text]))
    readings: dict[str, pd.Series] = {}
    for form in forms:
        read = _parsed(texts, form)
        share = counts[read.notna().to_numpy()].sum() / counts.sum()
        if share >= ALL_SHARE or (share >= READ_SHARE and form[:2] in ("%Y", "%a", "%A")):
            readings[form] = read
    if not readings:
        return None
    if len(readings) == 1 or len({tuple(read.dropna()) for read in readings.values()}) == 1:
        (form, *_), because = readings, "all of them are in this form"
        if len(forms) > 1 and {"%d", "%m"} <= {forms_part for f in forms for forms_part in (f[:2], f[3:5])}:
            because = "a number above 12 can only be the day of a month"
        return DayFormat(_none_if_iso(form, texts), because)
    return _by_consecutive_days(readings)


def _none_if_iso(form: str, texts: Sequence[str]) -> str | None:
    return None if form == "%Y-%m-%d" and all(ISO_DAY_PART.fullmatch(text) for text in texts) else form


def _by_consecutive_days(readings: dict[str, pd.Series]) -> DayFormat:
    """The one format by which days follow each other; else a doubt."""
    shares, monthly = {}, {}
    for form, read in readings.items():
        distinct = np.unique(read.dropna().to_numpy().astype("datetime64[D]").astype(np.int64))
        steps = np.diff(distinct)
        shares[form] = float((steps == 1).mean()) if len(distinct) >= FEWEST_CONSECUTIVE else 0.0
        of_month = pd.DatetimeIndex(read.dropna()).day
        monthly[form] = bool((of_month == 1).all() or (of_month >= MONTHLY_DAYS).all())
    best = max(shares, key=lambda form: shares[form])
    others = [form for form in shares if form != best]
    is_settled = shares[best] >= CONSECUTIVE_SHARE and all(
        shares[form] <= RARELY_CONSECUTIVE and not monthly[form] for form in others
    )
    if is_settled:
        return DayFormat(best, "so the days follow each other without gaps")
    return DayFormat(best, "", doubt=(best, *others))


def _with_times(
    column: Column, settled: DayFormat, matched: dict[str, re.Match[str]], days: dict[str, str]
) -> DayColumn:
    rests = {match["rest"] or "" for match in matched.values()}
    day_of = dict(zip(days, _parsed(list(days.values()), settled.text or "%Y-%m-%d"), strict=True))
    minute_of: dict[str, int] = {}
    clocks: set[int] = set()
    for text, match in matched.items():
        day = day_of[text]
        clock = _minute(match["rest"] or "")
        if pd.isna(day) or clock is None:
            continue
        clocks.add(clock)
        minute_of[text] = int(day.to_numpy().astype("datetime64[D]").astype(np.int64)) * MINUTES_A_DAY + clock
    minutes = np.array([minute_of.get(text, NOT_A_TIME) for text in column.texts], np.int64)[column.codes]
    has_offset = any(OFFSET.search(rest) for rest in rests if rest)
    if len(rests) == 1 and not has_offset:
        (rest,) = rests
        clock = next(iter(clocks), 0)
        form = settled.text if not rest or (settled.text is None and clock == 0) else _literal(settled.text, rest)
        return DayColumn(column, _with(settled, form), minutes, False, clock=clock if rest else None)
    form = settled.text
    if form is not None and " " in form:
        form = next((full for full in _full_formats(form, rests) if _reads_all(list(matched), full)), form)
    if len(clocks) == 1 and not has_offset and settled.text is None and clocks == {0}:
        return DayColumn(column, settled, minutes, False)
    return DayColumn(column, _with(settled, form), minutes, True, has_offset)


def _with(settled: DayFormat, form: str | None) -> DayFormat:
    return DayFormat(form, settled.because, settled.doubt)


def _literal(form: str | None, rest: str) -> str:
    return (form or "%Y-%m-%d") + rest.replace("%", "%%")


def _full_formats(form: str, rests: set[str]) -> Iterator[str]:
    for clock in (" %H:%M", " %H:%M:%S", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S", ", %H:%M"):
        yield form + clock


def _reads_all(texts: Sequence[str], form: str) -> bool:
    return bool(pd.to_datetime(pd.Series(texts, dtype=object), format=form, errors="coerce").notna().all())


def _minute(rest: str) -> int | None:
    """The minute of the day that a clock shows; of no time at all the first."""
    if not rest:
        return 0
    found = CLOCK_PART.fullmatch(rest)
    if found is None:
        return 0 if rest == "Z" else None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[4] is not None:
        hour = hour % 12 + (12 if found[4][0] in "Pp" else 0)
    return hour * 60 + minute if hour <= 24 and minute < 60 else None


def _declared(column: Column, form: str, matched: dict[str, re.Match[str]]) -> DayColumn | None:
    """The column by the format that the user gave, if that reads it."""
    texts = column.filled
    parsed = _parsed(texts, form)
    days = parsed if parsed.notna().mean() >= READ_SHARE else None
    if days is None:
        parts = {text: _day_part(match) for text, match in matched.items()}
        if not parts or _parsed(list(parts.values()), form).notna().mean() < READ_SHARE:
            return None
        return _with_times(column, DayFormat(form, "--day-format says so"), matched, parts)
    since = days.to_numpy().astype("datetime64[m]").astype(np.int64)
    minute_of = {t: int(m) for t, m, ok in zip(texts, since, days.notna(), strict=True) if ok}
    minutes = np.array([minute_of.get(text, NOT_A_TIME) for text in column.texts], np.int64)[column.codes]
    read = minutes[minutes != NOT_A_TIME]
    has_time = bool((read % MINUTES_A_DAY != 0).any())
    return DayColumn(column, DayFormat(form, "--day-format says so"), minutes, has_time)


def _of_numbers(column: Column) -> DayColumn | None:
    """Days as workbooks count them, or seconds since 1970, in a column whose name says that it has days."""
    if not has(column.words, DAY_WORDS):
        return None
    numbers = pd.to_numeric(pd.Series(column.texts, dtype=object), errors="coerce").to_numpy(dtype=float)
    filled = numbers[(column.counts > 0) & ~column.is_blank]
    if not len(filled) or np.isnan(filled).mean() > 1 - READ_SHARE:
        return None
    low, high = np.nanmin(filled), np.nanmax(filled)
    name = '"' + column.name.replace('"', '""') + '"'
    if SERIALS[0] <= low and high <= SERIALS[1]:
        minutes = (numbers - SERIALS[0]) * MINUTES_A_DAY
        has_time = bool((np.abs(filled - np.round(filled)) > 1e-9).any())
        sql = f"TIMESTAMP '1899-12-30' + to_minutes(CAST(round(CAST({name} AS DOUBLE) * 1440) AS BIGINT))"
        if not has_time:
            sql = f"DATE '1899-12-30' + CAST(CAST({name} AS DOUBLE) AS INTEGER)"
        because = "they are numbers of days as workbooks count them"
        return DayColumn(column, DayFormat(None, because), _minutes(minutes, column), has_time, sql=sql)
    for factor in (1, 1000):
        if SECONDS[0] * factor <= low and high <= SECONDS[1] * factor:
            sql = f"make_timestamp(CAST({name} AS BIGINT) * {1_000_000 // factor})"
            because = "they are seconds since 1970" if factor == 1 else "they are milliseconds since 1970"
            minutes = numbers / factor / 60
            return DayColumn(column, DayFormat(None, because), _minutes(minutes, column), True, True, sql=sql)
    return None


def _minutes(of_texts: np.ndarray, column: Column) -> IntArray:
    parsed = np.where(np.isnan(of_texts), NOT_A_TIME, np.round(np.nan_to_num(of_texts))).astype(np.int64)
    return parsed[column.codes]


def joined_minutes(columns: Sequence[Column], day_format: str | None) -> IntArray:
    """The local minute since 1970 that several columns make together, as sources read them; NOT_A_TIME: none."""
    rows = pd.DataFrame({column.name: column.categorical for column in columns})
    names = tuple(column.name for column in columns)
    source = Source("init", (), None, None, {}, time=names)
    joined = with_time_column(Extract(source, "", names, rows))
    texts = joined.rows[joined.source.time[0]].cat
    read = parse_times(pd.Series(texts.categories, dtype=object), "UTC", "UTC", day_format)
    found: IntArray = read.local[texts.codes.to_numpy()]
    return found
