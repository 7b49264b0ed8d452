"""Every form of a body has the numbers that were published, whatever their size."""

import csv
import io
import json
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from publication.days import target_day
from publication.model import DayForecast, Publication
from publication.packed import PackedRows
from service.queries.selection import EVERYTHING
from service.rendering.forecasts import forecasts_csv, forecasts_json, forecasts_ndjson, format_rows
from tests.unit.publication.tiny import CUTOFF, publication

WIDTH = 4  # the mean and three quantiles
COUNTS = st.floats(0, math.nextafter(math.inf, 0)) | st.sampled_from(
    [0.0, 5e-324, 1e-7, 1e16, 1e22, 0.1 + 0.2, 2.0**53]
)


def read_from_a_store(numbers: list[float]) -> Publication:
    """One series of two days, packed as a store gives it."""
    complete = publication()

    def read(i: int, of_day: tuple[float, ...]) -> DayForecast:
        return DayForecast(target_day(CUTOFF, i + 1), i + 1, of_day[0], of_day[1:])

    return replace(complete, series=(replace(complete.series[0], days=PackedRows(numbers, WIDTH, read)),))


@given(st.lists(COUNTS, min_size=2 * WIDTH, max_size=2 * WIDTH))
def test_every_number_reads_as_it_was_in_each_form(numbers: list[float]) -> None:
    complete = read_from_a_store(numbers)
    layouts = (
        forecasts_json(complete, EVERYTHING, {}, detailed=False),
        forecasts_csv(complete, EVERYTHING),
        forecasts_ndjson(complete, EVERYTHING),
    )
    in_json, in_csv, in_lines = map(b"".join, zip(*format_rows(complete, EVERYTHING, *layouts), strict=True))
    rows = list(csv.DictReader(io.StringIO(in_csv.decode())))
    lines = [json.loads(line) for line in in_lines.splitlines()]
    days = json.loads(in_json)["forecasts"][0]["days"]
    columns = ("mean", "q0.1", "q0.5", "q0.9")
    assert [number for day in days for number in (day["mean"], *day["quantiles"].values())] == numbers
    assert [float(row[name]) for row in rows for name in columns] == numbers
    assert [line[name] for line in lines for name in columns] == numbers
