"""The served publication follows the store, and outlives it."""

import logging
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from publication.model import Publication, PublicationSummary
from publication.store import FILE_NAME, Store, default_url
from service.auth.key_store import read_only
from tests.builders import CUTOFF, ISSUED_AT, build_live_scores, build_publication, build_system
from tests.contract.service.client import GIVE_UP_SECONDS, Cable, Clock, serve
from tests.contract.store.witness import tell

DATA_ROUTES = ["/v1/system", "/v1/publications", "/v1/series", "/v1/forecasts", "/v1/forecasts/RXH/beds", "/"]


def is_ready(response: httpx.Response) -> bool:
    return response.status_code == 200


@pytest.mark.parametrize("address", ["/readyz", *DATA_ROUTES])
def test_before_the_first_publication_every_route_says_what_to_do(
    empty_store: Store, clock: Clock, address: str
) -> None:
    with serve(empty_store, clock) as client:
        response = client.get(address)
        assert client.get("/healthz").status_code == 200
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "30"
    assert "headroom daily" in response.json()["detail"]
    assert response.json()["store"] == "ok"


def test_a_store_that_is_not_there_yet_is_waited_for_and_not_made(tmp_path: Path, clock: Clock) -> None:
    reader = Store(read_only(default_url(tmp_path)))
    with serve(reader, clock) as client:
        response = client.get("/readyz")
        assert (response.status_code, response.json()["store"]) == (503, "unreachable")
        assert not (tmp_path / FILE_NAME).exists()
        writer = Store(default_url(tmp_path))
        writer.prepare()
        writer.issue(build_publication())
        assert client.get_until("/readyz", is_ready).json()["store"] == "ok"
        writer.close()
    reader.close()


def test_a_database_without_tables_is_left_without_them(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / FILE_NAME
    file.touch()
    reader = Store(read_only(default_url(tmp_path)))
    with serve(reader, clock) as client:
        assert client.get("/readyz").status_code == 503
    reader.close()
    assert file.stat().st_size == 0


def test_the_first_publication_is_picked_up(empty_store: Store, clock: Clock) -> None:
    with serve(empty_store, clock) as client:
        assert client.get("/v1/forecasts").status_code == 503
        empty_store.issue(build_publication())
        client.get_until("/readyz", is_ready)
        assert client.get("/v1/forecasts").status_code == 200


def test_a_revision_changes_the_tag_and_the_old_tag_gets_a_new_body(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        before = client.get("/v1/forecasts").headers["etag"]
        empty_store.issue(build_publication(scale=1.1))
        client.get_until("/readyz", lambda response: bool(response.json()["publication"]["revision"] == 2))
        after = client.get("/v1/forecasts", if_none_match=before)
    assert after.status_code == 200
    assert after.json()["publication"]["revision"] == 2


def test_no_answer_mixes_two_publications_while_they_are_swapped(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    beds = {1: 340 * 1.3, 2: 680 * 1.3, 3: 1020 * 1.3}
    give_up = time.monotonic() + GIVE_UP_SECONDS
    addresses = [f"/v1/forecasts?place=RXH1&measure=beds&horizon={n}" for n in range(1, 9)]
    with serve(empty_store, clock) as client:
        for revision in (2, 3):
            empty_store.issue(build_publication(scale=float(revision)))
            seen = 0
            while seen < revision and time.monotonic() < give_up:
                for body in (answer.json() for answer in client.get_all(addresses)):
                    seen = body["publication"]["revision"]
                    assert body["forecasts"][0]["days"][0]["mean"] == pytest.approx(beds[seen])
            assert seen == revision


class Damaged(Cable):
    """Lists a newer publication than it can give."""

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        if cutoff != CUTOFF:
            raise KeyError("quantiles")
        return super().latest(system, cutoff, revision)


def test_a_publication_that_cannot_be_read_leaves_the_last_one_served(
    empty_store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    with serve(Damaged(empty_store), clock) as client, caplog.at_level(logging.ERROR):
        empty_store.issue(build_publication(CUTOFF + timedelta(days=1)))
        ready = client.get_until("/readyz", lambda response: bool(response.json()["store"] == "unreachable"))
    assert ready.json()["publication"]["cutoff"] == CUTOFF.isoformat()
    assert "Reading the newest publication failed" in caplog.text


def test_a_lost_store_leaves_the_last_publication_served(issued_store: Store, clock: Clock) -> None:
    cable = Cable(issued_store)
    with serve(cable, clock) as client:
        before = client.get("/v1/forecasts").headers["etag"]
        cable.pulled = True
        ready = client.get_until("/readyz", lambda response: bool(response.json()["store"] == "unreachable"))
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert client.get("/v1/forecasts").headers["etag"] == before
        assert [p["cutoff"] for p in client.get("/v1/publications").json()["publications"]] == ["2026-11-21"]
        assert client.get("/").status_code == 200
        cable.pulled = False
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "ok"))


def test_an_older_publication_cannot_be_read_from_a_lost_store_and_the_problem_hides_its_address(
    issued_store: Store, clock: Clock
) -> None:
    cable = Cable(issued_store)
    with serve(cable, clock) as client:
        cable.pulled = True
        response = client.get("/v1/forecasts?cutoff=2026-11-14")
        assert client.get("/v1/forecasts?cutoff=2026-11-21").status_code == 200
    assert response.status_code == 503
    assert response.json()["type"] == "urn:headroom:problem:store-unreachable"
    assert "secret" not in response.text


def test_an_older_publication_that_is_damaged_is_a_problem_of_its_own(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older = CUTOFF - timedelta(days=7)
    empty_store.issue(build_publication(older))
    empty_store.issue(build_publication())
    tell(default_url(tmp_path), f"UPDATE publications SET document = x'1f' WHERE cutoff = '{older}'")
    with serve(empty_store, clock) as client:
        response = client.get(f"/v1/forecasts?cutoff={older}")
        assert client.get("/readyz").json()["store"] == "ok"
    assert (response.status_code, response.json()["type"]) == (500, "urn:headroom:problem:publication-corrupt")
    assert str(tmp_path) not in response.text
    assert f"northshire for {older}, revision 1" in caplog.text


def test_a_damaged_row_among_older_publications_hides_none_that_is_held(
    empty_store: Store, clock: Clock, tmp_path: Path
) -> None:
    older = CUTOFF - timedelta(days=7)
    empty_store.issue(build_publication(older - timedelta(days=7)))
    empty_store.issue(build_publication(older))
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        assert client.get(f"/v1/forecasts?cutoff={older}").status_code == 200
        tell(default_url(tmp_path), f"UPDATE publications SET issued_at = 'once' WHERE cutoff < '{older}'")
        assert client.get(f"/v1/forecasts?cutoff={older}").status_code == 200
        listed = client.get("/v1/publications")
        assert [found["cutoff"] for found in listed.json()["publications"]] == [CUTOFF.isoformat()]
        unheard = client.get("/v1/forecasts?cutoff=2026-01-01")
    assert (unheard.status_code, unheard.json()["type"]) == (500, "urn:headroom:problem:publication-corrupt")


class Counting(Cable):
    """Counts how often a publication is read."""

    n_read = 0

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        self.n_read += 1
        return super().latest(system, cutoff, revision)


def test_a_newest_that_is_damaged_is_read_once_reported_once_and_again_when_it_may_be_restored(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    store = Counting(empty_store)
    with caplog.at_level(logging.ERROR), serve(store, clock) as client:
        with store.pull():
            empty_store.issue(build_publication(scale=2.0))
            tell(default_url(tmp_path), "UPDATE publications SET document = x''")
        client.get_until("/readyz", lambda _: store.n_read == 2)
        assert client.get_after_looks(10).json()["store"] == "corrupt"
        assert client.get("/readyz").json()["publication"]["revision"] == 1
        assert store.n_read == 2
        empty_store.issue(build_publication(scale=3.0))
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "ok"))
        assert client.get("/readyz").json()["publication"]["revision"] == 3
    assert (
        len(
            [
                record
                for record in caplog.records
                if "its document is not the one that its digest is of" in record.message
            ]
        )
        == 1
    )


def test_a_zone_that_python_does_not_know_is_named_and_the_store_is_no_fault(
    empty_store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    on_mars = build_publication(system=build_system(timezone="Mars/Olympus"))
    empty_store.issue(on_mars)
    store = Counting(empty_store)
    with caplog.at_level(logging.ERROR), serve(store, clock) as client:
        ready = client.get_until("/readyz", lambda response: "Mars/Olympus" in response.json()["detail"])
        assert (ready.status_code, ready.json()["store"]) == (503, "ok")
        assert "pip install --upgrade tzdata" in ready.json()["detail"]
        n_read = store.n_read
        client.get_after_looks(10)
        assert store.n_read == n_read, "it is not read anew at every look"
        empty_store.issue(build_publication())
        client.get_until("/readyz", lambda response: response.status_code == 200)
    assert len([record for record in caplog.records if "Mars/Olympus" in record.message]) == 1


def test_damaged_live_scores_leave_the_scores_of_before_and_says_nothing_of_the_store(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    empty_store.save_live_scores(build_live_scores())
    store = Cable(empty_store)
    with caplog.at_level(logging.ERROR), serve(store, clock) as client:
        before = client.get_until("/v1/scores", lambda response: bool(response.json()["scores"]))
        with store.pull():
            empty_store.save_live_scores(build_live_scores(scored_at=clock() + timedelta(days=1)))
            tell(default_url(tmp_path), "UPDATE scores SET mae = 'much' WHERE live_scores_id = 2")
            empty_store.issue(build_publication(scale=2.0))
        client.get_until("/readyz", lambda response: bool(response.json()["publication"]["revision"] == 2))
        assert client.get_after_looks(10).json()["store"] == "ok"
        assert client.get("/v1/scores").json()["scores"] == before.json()["scores"]
        assert "headroom_scores_mae" in client.get("/metrics").text
    assert (
        len([record for record in caplog.records if "mae of a score is 'much', which is no number" in record.message])
        == 1
    )


def test_losing_the_store_is_logged_once_not_at_every_look(
    issued_store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    cable = Cable(issued_store)
    with caplog.at_level(logging.ERROR), serve(cable, clock) as client:
        cable.pulled = True
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "unreachable"))
        for _ in range(5):
            client.get("/healthz")
    assert len([record for record in caplog.records if "cable is out" in record.message]) == 1


def test_freshness_follows_the_clock_and_the_tag_follows_freshness(issued_store: Store, clock: Clock) -> None:
    tags, freshness = [], []
    with serve(issued_store, clock) as client:
        for _ in range(4):
            response = client.get("/v1/forecasts")
            tags.append(response.headers["etag"])
            freshness.append(response.json()["publication"]["freshness"])
            clock.pass_days(1)
    assert freshness == ["fresh", "late", "stale", "stale"]
    assert len(set(tags)) == 3
    assert tags[2] == tags[3]


def test_a_store_of_two_systems_serves_the_one_that_is_named(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication(system=build_system("southshire")))
    empty_store.issue(build_publication(CUTOFF - timedelta(days=1)))
    with serve(empty_store, clock, system="northshire") as client:
        assert client.get("/readyz").json()["publication"]["system"] == "northshire"
        assert {p["system"] for p in client.get("/v1/publications").json()["publications"]} == {"northshire"}


def test_without_a_name_the_service_stays_with_the_system_it_found(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        empty_store.issue(build_publication(CUTOFF + timedelta(days=1), system=build_system("southshire")))
        empty_store.issue(build_publication(scale=2))
        ready = client.get_until("/readyz", lambda response: bool(response.json()["publication"]["revision"] == 2))
    assert ready.json()["publication"]["system"] == "northshire"


class Hanging(Cable):
    """A store whose lists are not answered while its gate is shut."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.open = threading.Event()
        self.open.set()

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        assert self.open.wait(timeout=60)
        return super().summaries(system, limit)


def test_a_store_that_hangs_keeps_nobody_waiting_who_asks_for_what_is_in_memory(
    issued_store: Store, clock: Clock
) -> None:
    store = Hanging(issued_store)
    with serve(store, clock) as client:
        store.open.clear()
        try:
            lists = ["/v1/publications"] * 8
            never_asked_before = [f"/v1/forecasts?place=RXH&horizon={days}" for days in range(1, 9)]
            answers = client.get_all([*lists, *never_asked_before, "/v1/forecasts?cutoff=2020-01-01"])
        finally:
            store.open.set()
    assert [answer.status_code for answer in answers] == [200] * 16 + [503]
    assert [len(answer.json()["publications"]) for answer in answers[:8]] == [1] * 8  # the one that is served


def test_an_older_cutoff_issued_later_changes_the_list_and_its_last_modified(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    later = build_publication(CUTOFF - timedelta(days=9), issued_at=ISSUED_AT + timedelta(minutes=5))
    with serve(empty_store, clock) as client:
        before = client.get("/v1/publications")
        empty_store.issue(later)
        after = client.get("/v1/publications", if_modified_since=before.headers["last-modified"])
    assert (after.status_code, len(after.json()["publications"])) == (200, 2)


def test_tables_of_another_release_that_appear_later_are_reported_not_read(
    empty_store: Store, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        tell(default_url(tmp_path), "UPDATE alembic_version SET version_num = '9999'")
        empty_store.issue(build_publication(scale=2.0))
        client.get_until("/readyz", lambda response: bool(response.json()["store"] == "unreachable"))
        assert client.get("/v1/forecasts").json()["publication"]["revision"] == 1
    assert "its tables are of version 9999" in caplog.text
