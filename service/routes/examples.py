"""Examples of requests and answers for OpenAPI, short enough to read. Contract tests compare them with the schemas."""

from service.queries.selection import CSV, JSON, NDJSON, Form
from service.rendering.bodies import Json
from service.rendering.tables import Table, table_parts

PARAMETERS: Json = {
    "place": ["RXH"],
    "under": "RXH",
    "measure": ["occupancy"],
    "stream": "adult",
    "unique_id": "RXH/occupancy",
    "after": "RXH/occupancy",
    "/v1/findings after": 100,
    "check": "frozen",
    "/v1/control check": "coverage",
    "signal": True,
    "severity": "suspect",
    "/v1/publications after": "2026-11-21.1",
    "limit": 100,
    "cutoff": "2026-11-21",
    "revision": 1,
    "horizon": 1,
    "quantiles": "0.1,0.5,0.9",
    "from": "2026-11-22",
    "to": "2026-11-28",
    "format": "csv",
    "shape": "rows",
    "beds": "RXH:+12",
    "discharges": "RXH:+5/day",
    "rate": 0.92,
    "confidence": 0.8,
    "aid_rate": 0.95,
    "aid_confidence": 0.8,
    "leads": "01-07",
    "regime": "stable",
    "weeks": 13,
    "by": "series",
}

CHAMPION_EXAMPLE: Json = {"name": "northshire", "version": 7, "run_id": "4f1c9a"}
SUMMARY_EXAMPLE: Json = {
    "system": "northshire",
    "cutoff": "2026-11-21",
    "revision": 1,
    "issued_at": "2026-11-22T05:02:11Z",
    "digest": "sha256:38be1f75",
    "champion": CHAMPION_EXAMPLE,
}
NOTE_EXAMPLE: Json = {"kind": "event", "place": "RXH", "series": None, "text": "Strike 2026-11-24 (RXH)"}
PUBLICATION_EXAMPLE: Json = {
    **SUMMARY_EXAMPLE,
    "data_digest": "sha256:9c0d51e2",
    "notes": [NOTE_EXAMPLE],
    "freshness": "fresh",
}
KEY_EXAMPLE: Json = {"unique_id": "RXH/occupancy", "place": "RXH", "measure": "occupancy", "stream": None}
SERIES_EXAMPLE: Json = {**KEY_EXAMPLE, "unit": "beds", "model": "combination", "fallback": False}
DAY_EXAMPLE: Json = {
    "ds": "2026-11-22",
    "lead": 1,
    "mean": 878.749,
    "quantiles": {"0.1": 836.569, "0.5": 878.749, "0.9": 920.929},
}
SYSTEM_EXAMPLE: Json = {
    "name": "northshire",
    "timezone": "Europe/London",
    "census_hour": 8,
    "horizon_days": 28,
    "thresholds": [0.85, 0.92, 0.95, 1.0],
    "quantiles": [0.1, 0.5, 0.9],
    "measures": [{"name": "occupancy", "kind": "stock", "unit": "beds"}],
    "places": [
        {"id": "northshire", "parent": None, "name": "Northshire", "kind": "system"},
        {"id": "RXH", "parent": "northshire", "name": "Harbour Trust", "kind": "trust"},
    ],
    "levels": [{"name": "OPEL 3", "when": "over 0.95 >= 30 %", "colour": "darkorange", "action": "Open beds."}],
}
DRIVERS_EXAMPLE: Json = {
    "ds": "2026-11-22",
    "level": 861.2,
    "weekday": 14.1,
    "season": 3.6,
    "holiday": 0.0,
    "event": 0.0,
    "trend": 0.0,
    "residual": -0.151,
}
FINDING_EXAMPLE: Json = {
    **KEY_EXAMPLE,
    "first": "2026-11-14",
    "last": "2026-11-20",
    "days": 7,
    "check": "frozen",
    "severity": "suspect",
    "treatment": "left out",
    "reason": "found 866 on its first day, baseline 851",
}
LATE_EXAMPLE: Json = {
    "state": "late",
    "since": "2026-11-20",
    "days": 2,
    "reason": "no value since 2026-11-19",
    "treatment": "lead extended",
}
COUNT_EXAMPLE: Json = {"check": "frozen", "severity": "suspect", "findings": 1, "days": 7, "series": 1}
DETAIL_EXAMPLE: Json = {
    **SERIES_EXAMPLE,
    "days": [DAY_EXAMPLE],
    "notes": [],
    "recent": [{"ds": "2026-11-20", "y": 866.0, "check": "frozen"}, {"ds": "2026-11-21", "y": 859.0}],
    "findings": [FINDING_EXAMPLE],
    "drivers": [DRIVERS_EXAMPLE],
}
PRESSURE_EXAMPLE: Json = {
    "place": "RXH",
    "parent": "northshire",
    "name": "Harbour Trust",
    "kind": "trust",
    "worst_day": "2026-11-22",
    "driver": "weekday",
    "discharges_needed": 4.5,
    "days": [
        {
            "ds": "2026-11-22",
            "lead": 1,
            "beds": 940.0,
            "occupancy": {"0.1": 836.569, "0.5": 878.749, "0.9": 920.929},
            "headroom": {"0.1": 19.1, "0.5": 61.3, "0.9": 103.4},
            "over": {"0.85": 0.99, "0.92": 0.66, "0.95": 0.34, "1.0": 0.03},
            "short": {"1": 0.03, "5": 0.02, "10": 0.01, "20": 0.0},
            "level": "OPEL 3",
            "net_flow": {"0.1": -14.2, "0.5": 3.6, "0.9": 21.0},
        }
    ],
    "peak": {"3": {"0.1": 851.0, "0.5": 889.2, "0.9": 931.4}},
}
AID_EXAMPLE: Json = {
    "from": "RXK",
    "to": "RXH",
    "ds": "2026-11-22",
    "beds": 8,
    "over_0.95_before": 0.34,
    "over_0.95_after": 0.27,
}
SCORE_EXAMPLE: Json = {
    "unique_id": None,
    "place": None,
    "measure": "occupancy",
    "stream": None,
    "leads": "01-07",
    "regime": None,
    "n": 4459,
    "fallbacks": 12,
    "mae": 9.8114,
    "bias": -0.7702,
    "wis": 5.0127,
    "mase": 0.6214,
    "scaled_wis": 0.3178,
    "coverage_50": 0.5124,
    "coverage_80": 0.8031,
    "coverage_95": 0.9518,
    "last_week_mae": 15.3042,
    "mae_vs_last_week": 9.8114,
    "yesterday_mae": 13.0771,
    "mae_vs_yesterday": 9.8114,
    "weeks": 13,
    "publications": 91,
    "lead": None,
    "champion": None,
    "first_cutoff": None,
    "last_cutoff": None,
    "quantile": None,
    "at_or_below": None,
}
LIVE_SCORES_EXAMPLE: Json = {
    "scored_at": "2026-11-22T05:01:40Z",
    "first": "2026-08-23",
    "last": "2026-11-21",
    "publications": 91,
}
CONTROL_EXAMPLE: Json = {
    "measure": "occupancy",
    "check": "bias",
    "days": 61,
    "evidence": 1.4127,
    "signal": True,
    "unique_id": "RXH/occupancy",
    "place": "RXH",
    "since": "2026-11-02",
    "found": "2026-11-14",
    "size": 0.0241,
    "expected": 0.0,
    "sentence": "Forecasts of occupancy one day ahead are too high, by 2.4% of the actual "
    "(RXH/occupancy; since 2026-11-02, found on 2026-11-14).",
}

FORECAST_ROW: Json = {
    **KEY_EXAMPLE,
    "cutoff": "2026-11-21",
    "ds": "2026-11-22",
    "lead": 1,
    "mean": 878.749,
    "q0.1": 836.569,
    "q0.5": 878.749,
    "q0.9": 920.929,
    "model": "combination",
    "fallback": False,
}
PLACE_ROW: Json = {"place": "RXH", "parent": "northshire", "name": "Harbour Trust", "kind": "trust", "depth": 1}
SERIES_ROW: Json = {
    **SERIES_EXAMPLE,
    "last_actual_ds": "2026-11-19",
    "last_actual_y": 866.0,
    "state": "late",
    "since": "2026-11-20",
    "days": 2,
    "treatment": "lead extended",
    "reason": "no value since 2026-11-19",
}
ACTUAL_ROW: Json = {**KEY_EXAMPLE, "unit": "beds", "ds": "2026-11-20", "y": 866.0, "check": "frozen"}
PRESSURE_ROW: Json = {
    "rank": 1,
    "place": "RXH",
    "parent": "northshire",
    "name": "Harbour Trust",
    "kind": "trust",
    "cutoff": "2026-11-21",
    "ds": "2026-11-22",
    "lead": 1,
    "beds": 940.0,
    "occupancy_q0.1": 836.569,
    "occupancy_q0.5": 878.749,
    "occupancy_q0.9": 920.929,
    "headroom_q0.1": 19.1,
    "headroom_q0.5": 61.3,
    "headroom_q0.9": 103.4,
    "net_flow_q0.1": -9.0,
    "net_flow_q0.5": 4.0,
    "net_flow_q0.9": 17.0,
    "over_0.85": 0.99,
    "over_0.92": 0.66,
    "over_0.95": 0.34,
    "over_1.0": 0.03,
    "short_1": 0.03,
    "short_5": 0.02,
    "short_10": 0.01,
    "short_20": 0.0,
    "level": "amber",
    "is_worst_day": True,
    "driver": "weekday",
    "discharges_needed": 4.5,
}
PUBLICATION_ROW: Json = {
    **SUMMARY_EXAMPLE,
    "champion": "northshire",
    "champion_version": 7,
    "champion_run_id": "4f1c9a",
    "series": 49,
    "fallbacks": 1,
}


def _json(**content: object) -> dict[str, object]:
    """A JSON answer, under its media type."""
    return {JSON.media_type: {"publication": PUBLICATION_EXAMPLE, **content}}


def _tables(row: Json) -> dict[str, object]:
    """Return the tables of one row, under their media types."""

    def text(form: Form) -> str:
        return b"".join(table_parts(Table(tuple(row), [tuple(row.values())]), form, PUBLICATION_EXAMPLE)).decode()

    return {form.media_type.partition(";")[0]: text(form) for form in (CSV, NDJSON)}


ANSWERS: dict[str, dict[str, object]] = {
    "/v1/system": _json(system=SYSTEM_EXAMPLE, findings=[COUNT_EXAMPLE]),
    "/v1/findings": _json(findings=[FINDING_EXAMPLE]) | _tables(FINDING_EXAMPLE),
    "/v1/publications": _json(publications=[{**SUMMARY_EXAMPLE, "series": 49, "fallbacks": 1}])
    | _tables(PUBLICATION_ROW),
    "/v1/places": _json(places=[PLACE_ROW]) | _tables(PLACE_ROW),
    "/v1/actuals": _json(
        actuals=[{**KEY_EXAMPLE, "unit": "beds", "days": [{"ds": "2026-11-20", "y": 866.0, "check": "frozen"}]}]
    )
    | _tables(ACTUAL_ROW),
    "/v1/series": _json(
        series=[
            {**SERIES_EXAMPLE, "notes": [], "last_actual": {"ds": "2026-11-19", "y": 866.0}, "reporting": LATE_EXAMPLE}
        ],
        not_forecast=[],
    )
    | _tables(SERIES_ROW),
    "/v1/forecasts": _json(forecasts=[{**SERIES_EXAMPLE, "days": [DAY_EXAMPLE]}]) | _tables(FORECAST_ROW),
    "/v1/forecasts/{unique_id}": _json(forecasts=[DETAIL_EXAMPLE]) | _tables(FORECAST_ROW),
    "/v1/pressure": _json(
        what_if={"beds": {"RXH": 12}, "discharges": {}},
        targets={"rate": 0.92, "confidence": 0.8, "aid_rate": 0.95, "aid_confidence": 0.8},
        advice={"from": "2026-11-22", "stale": False, "note": None},
        places=[PRESSURE_EXAMPLE],
        mutual_aid=[AID_EXAMPLE],
    )
    | _tables(PRESSURE_ROW),
    "/v1/scores": _json(live_scores=LIVE_SCORES_EXAMPLE, scores=[SCORE_EXAMPLE]) | _tables(SCORE_EXAMPLE),
    "/v1/control": _json(live_scores=LIVE_SCORES_EXAMPLE, control=[CONTROL_EXAMPLE]) | _tables(CONTROL_EXAMPLE),
    "/healthz": {JSON.media_type: {"status": "alive"}},
    "/readyz": _json(status="ready", store="ok"),
    "/metrics": {"text/plain": "headroom_publication_series 49.0\n"},
}
