"""Queries of the docs and of the dashboards, evaluated by Prometheus' own tester: each can give something."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from service.observability.metrics import METRIC_CATALOGUE
from tests.architecture.repository import ROOT

DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
IN_TROUBLE = {
    'headroom_publication_late_timestamp_seconds{instance="a"}': "0x10",
    'headroom_store_up{instance="a"}': "0x10",
    'headroom_store_corrupt{instance="a"}': "1x10",
    'headroom_publication_series{instance="a"}': "20x10",
    'headroom_publication_fallback_series{instance="a", measure="beds"}': "4x10",
    'headroom_publication_notes{instance="a", kind="late"}': "1x10",
    'headroom_champion_info{instance="a", name="n", version="1", run_id="x"}': "1x10",
    'headroom_champion_info{instance="b", name="n", version="2", run_id="y"}': "1x10",
    'headroom_scores_coverage_ratio{instance="a", measure="beds", leads="01-07", weeks="4", interval="0.8"}': "0.5x10",
    'headroom_scores_coverage_ratio{instance="a", measure="beds", leads="01-07", weeks="13", interval="0.8"}': "0.5x10",
    'headroom_scores_coverage_target_ratio{instance="a", interval="0.8"}': "0.8x10",
    'headroom_place_escalation_level{instance="a", place="RXH"}': "2x10",
    'headroom_publication_findings{instance="a", check="frozen", severity="suspect"}': "1x10",
    'headroom_publication_series_last_actual_timestamp_seconds{instance="a", unique_id="x", state="late"}': "0x10",
    'headroom_scores_skill_ratio{instance="a", measure="beds", leads="01-07", weeks="13"}': "0.1x10",
    'headroom_scores_bias{instance="a", measure="beds", leads="01-07", weeks="4"}': "-2x10",
    'headroom_scores_wis_skill_ratio{instance="a", measure="beds", leads="01-07", weeks="13"}': "-0.1x10",
    'headroom_control_evidence_ratio{instance="a", measure="beds", check="bias"}': "1.5x10",
    'headroom_control_signal{instance="a", measure="beds", check="bias"}': "1x10",
    'headroom_control_signal_start_timestamp_seconds{instance="a", measure="beds", check="bias"}': "-200000x10",
    'headroom_scores_timestamp_seconds{instance="a"}': "-200000x10",
    'headroom_job_last_exit_code{instance="a", job_name="daily"}': "6x10",
    'headroom_job_last_success_timestamp_seconds{instance="a", job_name="daily"}': "-100000x10",
    'headroom_ingest_rows{instance="a", outcome="quarantined"}': "9x10",
    'headroom_http_requests_total{instance="a", method="GET", route="/", status="500"}': "0+60x10",
    'headroom_http_request_duration_seconds_bucket{instance="a", route="/", le="0.1"}': "0+60x10",
    'headroom_http_request_duration_seconds_bucket{instance="a", route="/", le="+Inf"}': "0+60x10",
    'headroom_publication_cutoff_timestamp_seconds{instance="a"}': "0x10",
    'headroom_publication_late_series{instance="a", measure="beds"}': "2x10",
    'headroom_ingest_suspect_values{instance="a", check="frozen"}': "7x10",
    'headroom_job_last_start_timestamp_seconds{instance="a", job_name="daily"}': "-100x10",
    'headroom_job_last_end_timestamp_seconds{instance="a", job_name="daily"}': "-100000x10",
    'headroom_job_last_duration_seconds{instance="a", job_name="daily"}': "90x10",
    'headroom_scores_mase{instance="a", measure="beds", leads="01-07", weeks="13"}': "0.9x10",
    'headroom_scores_mae{instance="a", measure="beds", leads="01-07", weeks="13"}': "5x10",
    'headroom_scores_bias{instance="a", measure="beds", leads="01-07", weeks="13"}': "-2x10",
    'headroom_auth_rejections_total{instance="a", reason="unknown"}': "0+6x10",
    'headroom_key_expires_timestamp_seconds{instance="a", key="board"}': "90000x10",
    'headroom_build_info{instance="a", version="0.1.0", tables="0012"}': "1x10",
    'process_resident_memory_bytes{instance="a", job="headroom"}': "100000000x10",
}
"""A service in every trouble that a query looks for, with the labels as they are served."""


def documented() -> list[str]:
    """The queries of docs/reference/metrics.md."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```promql\n(.*?)```", page, re.DOTALL)
    return [line.partition("#")[0].strip() for line in block.splitlines() if line.strip()]


def drawn(dashboard: Path) -> list[str]:
    """The queries of a dashboard, for all replicas."""
    panels = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [query.replace("$instance", ".+") for query in queries]


@pytest.mark.parametrize(
    "queries", [documented(), *map(drawn, DASHBOARDS)], ids=["docs", *(file.stem for file in DASHBOARDS)]
)
def test_every_query_finds_the_trouble_it_is_for(queries: list[str], tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Prometheus) is absent")
    assert len(queries) > 8
    some = [{"labels": "{}", "value": 1}]
    tests = {
        "input_series": [{"series": series, "values": values} for series, values in IN_TROUBLE.items()],
        "promql_expr_test": [
            {"expr": f"clamp_max(count({query}), 1)", "eval_time": "10m", "exp_samples": some} for query in queries
        ],
    }
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [{"interval": "1m", **tests}]}))
    ran = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_queries_ask_for_metrics_that_exist() -> None:
    known = {metric.name for metric in METRIC_CATALOGUE}
    known |= {f"{metric.name}_bucket" for metric in METRIC_CATALOGUE if metric.type == "histogram"}
    queries = [*documented(), *(query for dashboard in DASHBOARDS for query in drawn(dashboard))]
    asked = {name for query in queries for name in re.findall(r"headroom_[a-z_]+", query)}
    assert sorted(asked - known) == []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda file: file.stem)
def test_every_panel_says_what_it_shows_and_has_a_place_of_its_own(dashboard: Path) -> None:
    panels = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    assert all(panel["title"] for panel in panels)
    assert all(panel["description"].endswith(".") for panel in panels if panel["type"] != "row")
    cells = [
        (x, y)
        for panel in panels
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
