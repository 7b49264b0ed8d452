"""Damage in the store is found and named while the publication of before is served."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publication.job_runs import JobName, JobRun
from publication.store import Store, default_url
from tests.builders import ISSUED_AT, build_publication
from tests.contract.service.client import Clock, serve
from tests.contract.store.witness import ask, tell

IN_THE_DOCUMENT: dict[str, Callable[[bytes], bytes]] = {
    "its head": lambda document: b"PK" + document[2:],
    "a byte of its middle": lambda document: document[:4000] + bytes([document[4000] ^ 1]) + document[4001:],
    "its end": lambda document: document[:-9],
    "all of it": lambda _: b"",
}


@pytest.mark.parametrize("damage", IN_THE_DOCUMENT.values(), ids=IN_THE_DOCUMENT)
def test_a_publication_that_is_damaged_while_it_is_served_is_found_in_minutes_and_still_served(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    empty_store.issue(build_publication())
    with caplog.at_level(logging.INFO), serve(empty_store, clock) as client:
        (undamaged,) = ask(default_url(tmp_path), "SELECT hex(document) FROM publications")[0]
        damaged = damage(bytes.fromhex(str(undamaged))).hex()
        tell(default_url(tmp_path), f"UPDATE publications SET document = x'{damaged}'")
        assert client.get_after_looks(5).json()["store"] == "ok", "it is not read at each poll"
        clock.now += timedelta(minutes=5)
        ready = client.get_until("/readyz", lambda response: bool(response.json()["store"] == "corrupt"))
        assert (ready.status_code, client.get("/v1/forecasts").status_code) == (200, 200)
        metrics = client.get("/metrics").text
        assert ("headroom_store_corrupt 1.0" in metrics, "headroom_store_up 1.0" in metrics) == (True, True)
        tell(default_url(tmp_path), f"UPDATE publications SET document = x'{undamaged}'")
        clock.now += timedelta(minutes=1)
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "ok"))
    sentences = [record.message for record in caplog.records if record.name.endswith("poller")]
    assert ["is damaged" in sentences[0], sentences[1:]] == [True, ["The publication store answers again."]]


def test_a_publication_that_is_gone_from_the_store_is_still_served_and_reported(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    with caplog.at_level(logging.ERROR), serve(empty_store, clock) as client:
        tell(default_url(tmp_path), "DELETE FROM publications")
        ready = client.get_until("/readyz", lambda response: bool(response.json()["store"] == "corrupt"))
        assert (ready.status_code, client.get("/v1/forecasts").status_code) == (200, 200)
        empty_store.issue(build_publication())
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "ok"))
    assert "no longer in the store: run `headroom publish`" in caplog.text


def test_a_store_whose_only_publication_is_damaged_is_not_ready_and_says_which(
    empty_store: Store, clock: Clock, tmp_path: Path
) -> None:
    empty_store.issue(build_publication())
    tell(default_url(tmp_path), "UPDATE publications SET document = x''")
    with serve(empty_store, clock) as client:
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["store"]) == (503, "corrupt")
        assert "headroom publish" in ready.json()["detail"]


def test_damaged_runs_of_jobs_are_reported_once_and_say_nothing_of_the_store(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    empty_store.start_job(JobRun("northshire", JobName.DAILY, ISSUED_AT))
    tell(default_url(tmp_path), "UPDATE job_runs SET counts = '5'")
    with caplog.at_level(logging.ERROR), serve(empty_store, clock) as client:
        assert client.get_after_looks(5).json()["store"] == "ok"
    assert len([record for record in caplog.records if "the runs of jobs" in record.message]) == 1
