"""A clinic that is counted at weekends alone: no other day of it in any form, and everything else as it was."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from html import unescape

import pytest

from publication.store import Store, default_url
from tests.builders import build_publication, counted_at_weekends
from tests.contract.service.client import Client, Clock, serve

CLINIC = "RXK2/attendances"
LEADS = [1, 7, 8, 14, 15, 21, 22, 28]
NAMES = ["Saturday", "Sunday"]


@pytest.fixture(scope="module")
def weekends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(counted_at_weekends(build_publication(with_drivers=True), "RXK2"))
    with serve(store, Clock()) as running:
        yield running
    store.close()


@pytest.mark.parametrize(
    ("query", "leads"), [("", LEADS), ("horizon=8", LEADS[:3]), ("horizon=6", LEADS[:1]), ("quantiles=0.5", LEADS)]
)
def test_every_form_has_the_days_it_is_counted_on_alone(weekends: Client, query: str, leads: list[int]) -> None:
    wanted = f"/v1/forecasts?place=RXK2&measure=attendances&{query}"
    in_json = {forecast["unique_id"]: forecast for forecast in weekends.get(wanted).json()["forecasts"]}
    rows = list(csv.DictReader(io.StringIO(weekends.get(f"{wanted}&format=csv").text)))
    lines = [json.loads(line) for line in weekends.get(f"{wanted}&format=ndjson").text.splitlines()]
    assert set(in_json) == {CLINIC, f"{CLINIC}/adult", f"{CLINIC}/paediatric"}
    for unique_id, forecast in in_json.items():
        assert [day["lead"] for day in forecast["days"]] == leads
        assert {date.fromisoformat(day["ds"]).weekday() for day in forecast["days"]} <= {5, 6}
        for table in (rows, lines):
            of = [(row["ds"], int(row["lead"]), float(row["mean"])) for row in table if row["unique_id"] == unique_id]
            assert of == [(day["ds"], day["lead"], day["mean"]) for day in forecast["days"]]


def test_one_series_has_drivers_for_the_same_days(weekends: Client) -> None:
    (forecast,) = weekends.get(f"/v1/forecasts/{CLINIC}?horizon=14").json()["forecasts"]
    assert [of["ds"] for of in forecast["drivers"]] == [day["ds"] for day in forecast["days"]]
    assert [day["lead"] for day in forecast["days"]] == LEADS[:4]


def test_it_says_on_which_weekdays_it_is_counted_and_no_other_series_does(weekends: Client) -> None:
    for address, name in (("/v1/series", "series"), ("/v1/forecasts", "forecasts")):
        said = {of["unique_id"]: of.get("counted_on") for of in weekends.get(address).json()[name]}
        assert {i: weekdays for i, weekdays in said.items() if weekdays is not None} == dict.fromkeys(
            (CLINIC, f"{CLINIC}/adult", f"{CLINIC}/paediatric"), NAMES
        )


def test_its_parents_have_each_day_and_are_the_sum_of_what_there_is(weekends: Client) -> None:
    forecasts = weekends.get("/v1/forecasts?under=RXK&measure=attendances").json()["forecasts"]
    means = {of["unique_id"]: {day["lead"]: day["mean"] for day in of["days"]} for of in forecasts}
    parent, part, clinic = (means[f"{place}/attendances"] for place in ("RXK", "RXK1", "RXK2"))
    assert list(parent) == list(range(1, 29))
    assert parent == {lead: pytest.approx(part[lead] + clinic.get(lead, 0.0)) for lead in parent}


def test_series_that_are_counted_each_day_are_byte_for_byte_what_they_were(weekends: Client, client: Client) -> None:
    for query in ("place=RXH", "measure=beds", "measure=occupancy&horizon=3&quantiles=0.1,0.9"):
        for form in ("csv", "ndjson"):
            address = f"/v1/forecasts?{query}&format={form}"
            assert weekends.get(address).content == client.get(address).content
        address = f"/v1/forecasts?{query}"
        assert (
            weekends.get(address).content.partition(b'"forecasts"')[2]
            == (client.get(address).content.partition(b'"forecasts"')[2])
        )


def test_the_pages_say_that_it_is_closed_on_monday(weekends: Client) -> None:
    index, place = (unescape(weekends.get(address).text) for address in ("/", "/places/RXK2"))
    assert "<h1>Today, Sun 22 Nov</h1>" in index
    assert index.count("then closed, only on Saturday and Sunday") == 1
    assert "Counted on Saturday and Sunday only; other days are not forecast." in place
    assert place.count("<time ") == 4 * 28 + 3 * len(LEADS)
