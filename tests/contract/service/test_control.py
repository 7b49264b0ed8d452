"""Statistical control: the state of each check by every filter, in every form, as metrics, and for a key of a place."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pandas as pd
import pytest

from publication.control import ControlCheck, ControlState, Signal
from publication.live_scores import LiveScores
from publication.store import Store, default_url
from tests.builders import ISSUED_AT, build_live_scores, build_publication, build_system
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch
from tests.contract.service.test_metrics import Samples, scrape, value

TOO_HIGH = {
    "measure": "occupancy", "check": "bias", "days": 61, "evidence": 1.4127, "signal": True,
    "unique_id": "RXK2/occupancy", "place": "RXK2", "since": "2026-11-02", "found": "2026-11-14",
    "size": 0.0241, "expected": 0.0,
    "sentence": "Forecasts of occupancy one day ahead are too high, by 2.4% of the actual "
                "(RXK2/occupancy; since 2026-11-02, found on 2026-11-14).",
}  # fmt: skip
TOO_NARROW = {
    "measure": "occupancy", "check": "coverage", "days": 61, "evidence": 2.5, "signal": True,
    "unique_id": None, "place": None, "since": "2026-10-26", "found": "2026-11-09",
    "size": 0.68, "expected": 0.8,
    "sentence": "Intervals of occupancy one day ahead are too narrow: that of 80% has held 68% of actuals "
                "(all places together; since 2026-10-26, found on 2026-11-09).",
}  # fmt: skip
NOTHING = dict.fromkeys(("unique_id", "place", "since", "found", "size", "expected", "sentence"))
LEVEL = {"measure": "beds", "check": "level", "days": 28, "evidence": 0.35, "signal": False} | NOTHING
DELAY = {"measure": "beds", "check": "delay", "days": 9, "evidence": None, "signal": False} | NOTHING
EVERY = [check.value for check in ControlCheck]
NO_SIGNAL = EVERY[2:]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A publication with headroom, so that the page of the system has its cards, and live scores."""
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(with_headroom=True))
    store.save_live_scores(build_live_scores())
    yield store
    store.close()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[Client]:
    with serve(store, Clock()) as running:
        running.get_until("/v1/control", lambda answer: bool(answer.json().get("control")))
        yield running


def states(client: Client, query: str = "", **headers: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/control?{query}", **headers).json()["control"]
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [("occupancy", check) for check in EVERY] + [("beds", check) for check in EVERY]),
        ("measure=beds", [("beds", check) for check in EVERY]),
        ("measure=beds,occupancy&check=skill", [("occupancy", "skill"), ("beds", "skill")]),
        ("measure=beds&measure=occupancy&check=SKILL", [("occupancy", "skill"), ("beds", "skill")]),
        ("signal=true", [("occupancy", "bias"), ("occupancy", "coverage")]),
        ("signal=true&check=coverage", [("occupancy", "coverage")]),
        ("signal=true&measure=beds", []),
        ("signal=false&measure=occupancy", [("occupancy", check) for check in NO_SIGNAL]),
        ("measure=admissions", []),
    ],
)
def test_filters_choose_the_states_in_the_order_of_measures_and_checks(
    client: Client, query: str, expected: list[tuple[str, str]]
) -> None:
    assert [(row["measure"], row["check"]) for row in states(client, query)] == expected


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("check=bias&signal=true", TOO_HIGH),
        ("check=coverage&signal=true", TOO_NARROW),
        ("check=level&measure=beds", LEVEL),
        ("check=delay&measure=beds", DELAY),
    ],
)
def test_a_state_has_every_column_in_every_form(client: Client, query: str, row: dict[str, object]) -> None:
    address = f"/v1/control?{query}"
    assert states(client, query) == [row]
    assert client.get(f"{address}&shape=rows").json()["rows"] == [row]
    assert [json.loads(line) for line in client.get(address, accept="application/x-ndjson").text.splitlines()] == [row]
    table = pd.read_csv(StringIO(client.get(f"{address}&format=csv").text), dtype=str, keep_default_na=False)
    written = {name: "" if of is None else str(of) for name, of in row.items()}
    assert table.to_dict("records") == [written | {"signal": str(row["signal"]).lower()}]


def test_numbers_have_the_decimals_of_scores(empty_store: Store, clock: Clock) -> None:
    signal = Signal("RXH/beds", date(2026, 11, 2), date(2026, 11, 14), -0.123456, 0.056789)
    save(empty_store, ControlState("beds", ControlCheck.BIAS, 40, 1.234567, signal))
    with serve(empty_store, clock) as client:
        (row,) = states(client)
    assert (row["evidence"], row["size"], row["expected"]) == (1.2346, -0.1235, 0.0568)


def save(store: Store, *control: ControlState) -> None:
    store.issue(build_publication(with_headroom=True))
    store.save_live_scores(replace(build_live_scores(), control=control))


def test_it_says_when_the_checks_were_made(client: Client) -> None:
    assert client.get("/v1/control").json()["live_scores"] == client.get("/v1/scores").json()["live_scores"]


@pytest.mark.parametrize(
    ("query", "status", "parameter", "allowed"),
    [
        ("measure=ambulances", 404, "measure", "occupancy"),
        ("check=frozen", 422, "check", "bias, coverage, skill, level, weekdays, scale, missing, delay"),
        ("signal=1", 422, "signal", "true or false"),
        ("place=RXH", 422, "place", "the parameters format, shape, measure, check, signal"),
        ("cutoff=2026-11-21", 422, "cutoff", "the parameters"),
        ("check=bias&check=skill", 422, "check", "once"),
        ("format=xml", 422, "format", "json, csv, ndjson"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_says_what_can(
    client: Client, query: str, status: int, parameter: str, allowed: str
) -> None:
    answer = client.get(f"/v1/control?{query}")
    finding = answer.json()["errors"][0]
    assert (answer.status_code, finding["parameter"]) == (status, parameter)
    assert allowed in finding["allowed"]


def test_before_anything_is_scored_nothing_is_checked(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        body = client.get("/v1/control").json()
        names = {name for name, _ in scrape(client)}
    assert (body["live_scores"], body["control"]) == (None, [])
    assert not any(name.startswith("headroom_control") for name in names)


def test_newer_states_are_noticed_and_have_a_tag_of_their_own(empty_store: Store, clock: Clock) -> None:
    """The second scoring changes the evidence of one check alone."""
    before = ControlState("beds", ControlCheck.SCALE, 28, 0.5)
    save(empty_store, before)
    after = replace(build_live_scores(ISSUED_AT + timedelta(hours=1)), control=(before._replace(evidence=0.75),))
    with serve(empty_store, clock) as client:
        first = client.get("/v1/control")
        assert client.get("/v1/control", if_none_match=first.headers["etag"]).status_code == 304
        empty_store.save_live_scores(after)
        noticed = client.get_until("/v1/control", lambda answer: answer.headers["etag"] != first.headers["etag"])
    assert [row["evidence"] for row in first.json()["control"]] == [0.5]
    assert [row["evidence"] for row in noticed.json()["control"]] == [0.75]
    assert noticed.headers["last-modified"] == "Sun, 22 Nov 2026 06:02:11 GMT"
    assert first.headers["etag"].startswith('"')


@pytest.mark.parametrize(
    ("key", "n_states"), [("reader", 16), ("trust-h", 0), ("site", 0)], ids=["all places", "a trust", "a site"]
)
def test_a_key_of_a_place_sees_nothing_of_all_places_together(
    store: Store, bunch: Bunch, key: str, n_states: int
) -> None:
    headers = {"authorization": bunch.bearer(key)}
    with serve(store, Clock(), keys=bunch.store) as client:
        client.get_until("/v1/scores", lambda answer: bool(answer.json().get("scores")), **headers)
        assert len(states(client, **headers)) == n_states
        pages = [client.get(path, **headers).text for path in ("/", "/accuracy")]
    assert ["of control" in pages[0], 'id="control"' in pages[1]] == [n_states > 0] * 2


# ---- metrics


@pytest.fixture(scope="module")
def samples(client: Client) -> Samples:
    return scrape(client)


@pytest.mark.parametrize(
    ("measure", "check", "evidence", "signal"),
    [
        ("occupancy", "bias", 1.4127, 1),
        ("occupancy", "coverage", 2.5, 1),
        ("occupancy", "skill", 0.25, 0),
        ("beds", "bias", 0.05, 0),
        ("beds", "missing", 0.65, 0),
    ],
)
def test_evidence_and_signal_of_each_check_are_exported(
    samples: Samples, measure: str, check: str, evidence: float, signal: int
) -> None:
    labels = {"measure": measure, "check": check}
    assert value(samples, "control_evidence_ratio", **labels) == evidence
    assert value(samples, "control_signal", **labels) == signal


def test_too_little_to_check_is_no_evidence_and_no_signal(samples: Samples) -> None:
    labels = {"measure": "occupancy", "check": "delay"}
    assert value(samples, "control_signal", **labels) == 0
    with pytest.raises(KeyError):
        value(samples, "control_evidence_ratio", **labels)


@pytest.mark.parametrize(
    ("timezone", "since", "began"),
    [
        ("Europe/London", date(2026, 11, 2), datetime(2026, 11, 2, tzinfo=UTC)),
        ("Europe/London", date(2026, 10, 25), datetime(2026, 10, 24, 23, tzinfo=UTC)),
        ("Australia/Sydney", date(2026, 11, 2), datetime(2026, 11, 1, 13, tzinfo=UTC)),
    ],
    ids=["winter", "the last day of summer time", "eleven hours ahead"],
)
def test_a_signal_starts_with_its_day_at_the_place(
    empty_store: Store, clock: Clock, timezone: str, since: date, began: datetime
) -> None:
    signal = Signal(None, since, date(2026, 11, 14), 0.7, 0.8)
    empty_store.issue(build_publication(system=build_system(timezone=timezone)))
    control = (ControlState("beds", ControlCheck.COVERAGE, 40, 1.0, signal),)
    empty_store.save_live_scores(replace(build_live_scores(), control=control))
    with serve(empty_store, clock) as client:
        found = scrape(client)
    starts = {labels: at for (name, labels), at in found.items() if name.endswith("signal_start_timestamp_seconds")}
    assert starts == {(("check", "coverage"), ("measure", "beds")): began.timestamp()}


def test_their_number_does_not_grow_with_places(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two measures by eight checks: signals, and evidence but for two delays."""
    numbers = [count_of(tmp_path_factory, build_live_scores(places=PLACES_OF[n])) for n in (3, 7)]
    assert numbers == [(14, 16, 2), (14, 16, 2)]


PLACES_OF = {n: build_system().places[:n] for n in (3, 7)}


def count_of(tmp_path_factory: pytest.TempPathFactory, live_scores: LiveScores) -> tuple[int, ...]:
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication())
    store.save_live_scores(live_scores)
    with serve(store, Clock()) as client:
        client.get_until("/v1/scores", lambda answer: answer.json().get("live_scores") is not None)
        names = [name for name, _ in scrape(client)]
    store.close()
    ours = ("evidence_ratio", "signal", "signal_start_timestamp_seconds")
    return tuple(names.count(f"headroom_control_{name}") for name in ours)


# ---- pages


@pytest.fixture(scope="module")
def without_signal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Fixed states: one with evidence, one with too little."""
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    save(store, ControlState("beds", ControlCheck.BIAS, 1, 0.5), ControlState("beds", ControlCheck.SKILL, 1, None))
    with serve(store, Clock()) as running:
        running.get_until("/v1/control", lambda answer: bool(answer.json().get("control")))
        yield running
    store.close()


def section(client: Client, address: str = "/accuracy") -> str:
    return client.get(address).text.split('<section class="accuracy" id="control"')[1].split("</section>")[0]


def cells(html: str) -> dict[str, list[tuple[str, str]]]:
    """Return title and text of each cell, by the head of its row."""
    found = {}
    for row in html.split("<tr><th")[2:]:
        head = row.split("</th>")[0].rpartition(">")[2]
        of_row = [cell.split('title="')[1] for cell in row.split("<td")[1:]]
        found[head] = [
            (cell.split('"')[0], cell.split(">", 1)[1].split("</td>")[0].replace("<b>", "*").replace("</b>", "*"))
            for cell in of_row
        ]
    return found


def test_the_page_has_signals_as_sentences_first_then_each_state(client: Client) -> None:
    html = section(client)
    sentences = [html.index(str(row["sentence"])) for row in (TOO_HIGH, TOO_NARROW)]
    assert sentences == sorted(sentences)
    assert max(sentences) < html.index("<table")
    assert "No signal." not in html
    assert cells(html) == {
        "Occupancy": [
            ("evidence 141 % of the limit, 61 days", "*signal since Mon 2 Nov 2026*"),
            ("evidence 250 % of the limit, 61 days", "*signal since Mon 26 Oct 2026*"),
            ("evidence 25 % of the limit, 61 days", "no signal"),
            ("evidence 35 % of the limit, 28 days", "no signal"),
            ("evidence 45 % of the limit, 28 days", "no signal"),
            ("evidence 55 % of the limit, 28 days", "no signal"),
            ("evidence 65 % of the limit, 28 days", "no signal"),
            ("9 days", "too little to check yet"),
        ],
        "Beds": [
            ("evidence 5 % of the limit, 61 days", "no signal"),
            ("evidence 15 % of the limit, 61 days", "no signal"),
            ("evidence 25 % of the limit, 61 days", "no signal"),
            ("evidence 35 % of the limit, 28 days", "no signal"),
            ("evidence 45 % of the limit, 28 days", "no signal"),
            ("evidence 55 % of the limit, 28 days", "no signal"),
            ("evidence 65 % of the limit, 28 days", "no signal"),
            ("9 days", "too little to check yet"),
        ],
    }
    assert 'href="/v1/control?format=csv"' in html


def test_without_a_signal_the_page_says_so_and_what_is_not_checked(without_signal: Client) -> None:
    html = section(without_signal)
    assert "No signal." in html
    assert cells(html)["Beds"] == [
        ("evidence 50 % of the limit, 1 day", "no signal"),
        ("not checked", "\N{EN DASH}"),
        ("1 day", "too little to check yet"),
        *[("not checked", "\N{EN DASH}")] * 5,
    ]
    system = without_signal.get("/").text
    assert "How good lately" in system
    assert "of control" not in system


def test_where_nothing_can_be_checked_yet_the_page_does_not_say_no_signal(empty_store: Store, clock: Clock) -> None:
    save(empty_store, ControlState("beds", ControlCheck.BIAS, 3, None))
    with serve(empty_store, clock) as client:
        client.get_until("/v1/control", lambda answer: bool(answer.json().get("control")))
        html = section(client)
    assert "Too little to check yet." in html
    assert "No signal." not in html


def test_the_page_of_a_place_has_no_control(client: Client) -> None:
    assert 'id="control"' not in client.get("/accuracy?place=northshire").text
    assert 'id="control"' in client.get("/accuracy?measure=beds&weeks=4").text


def test_the_card_of_the_system_page_leads_to_the_signals(client: Client) -> None:
    assert '<a href="/accuracy#control"><b>2 signals of control</b></a>' in client.get("/").text
