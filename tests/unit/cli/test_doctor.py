"""`headroom doctor` finds each fault, says what to do, and ends with its exit code; it changes nothing."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from publication.control import ControlCheck, ControlState, Signal
from publication.job_runs import JobName, JobRun
from publication.key_tables import default_keys_url
from publication.store import Store, default_url
from service.auth.key_store import KeyStore
from service.auth.keys import Scope, new_key
from tests.builders import CUTOFF, ISSUED_AT, build_live_scores, build_publication
from tests.contract.store.witness import tell
from tests.unit.cli.commands import Ended, headroom_at
from training.files import acquire_lock

MORNING = ISSUED_AT + timedelta(hours=1)


@pytest.fixture
def published(own_home: Path) -> Path:
    """A home with a history and a publication of yesterday, and no model registry."""
    with closing(Store(default_url(own_home))) as store:
        store.prepare()
        store.issue(build_publication())
    return own_home


def doctor(system: Path, home: Path, days_later: int = 0, **environ: str) -> Ended:
    where = ("--system", system, "--home", home)
    return headroom_at(MORNING + timedelta(days=days_later), "doctor", *where, **environ)


def damage(home: Path) -> None:
    (home / "publications.db").write_bytes(b"no database" * 1000)


def damage_document(home: Path) -> None:
    tell(default_url(home), "UPDATE publications SET document = x'00'")


def fail(home: Path) -> None:
    run = JobRun("northshire", JobName.DAILY, MORNING, timedelta(seconds=3), 3, "HistoryError: no file there")
    with closing(Store(default_url(home))) as store:
        store.end_job(store.start_job(run), run)


def begin(home: Path) -> None:
    with closing(Store(default_url(home))) as store:
        store.start_job(JobRun("northshire", JobName.SCORE, MORNING))


def add_key(home: Path) -> None:
    key, _ = new_key("board", frozenset({Scope.READ}), MORNING, expires_at=MORNING + timedelta(days=3))
    with closing(KeyStore(default_keys_url(default_url(home), home), writable=True)) as keys:
        keys.add(key)


def nothing(_home: Path) -> None:
    pass


def save_control(state: ControlState) -> Callable[[Path], None]:
    def save(home: Path) -> None:
        with closing(Store(default_url(home))) as store:
            store.save_live_scores(replace(build_live_scores(), control=(state,)))

    return save


FOUND = Signal("RXH/attendances", CUTOFF - timedelta(days=20), CUTOFF - timedelta(days=6), 0.25, 0.0)
STEADY = ControlState("attendances", ControlCheck.BIAS, 91, 0.2)
BIASED = STEADY._replace(signal=FOUND)
NO_CHAMPION = 4
CASES: dict[str, tuple[Callable[[Path], None], int, int, tuple[str, ...]]] = {
    "no champion": (nothing, 0, NO_CHAMPION, ("no version is the champion", "Run `headroom daily`: it trains")),
    "fresh": (nothing, 0, NO_CHAMPION, (f"cutoff {CUTOFF}, revision 1, 49 series", "1 of 49 series")),
    "late": (nothing, 1, NO_CHAMPION, (f"cutoff {CUTOFF}", ": late")),
    "stale": (nothing, 2, NO_CHAMPION, (": stale", "Run `headroom daily`, and read")),
    "a damaged store": (damage, 0, 6, ("DamagedStoreError", "headroom repair")),
    "a damaged publication": (
        damage_document,
        0,
        4,
        ("MalformedPublicationError: Reading the publication of",),
    ),
    "a job that failed": (fail, 0, NO_CHAMPION, ("with exit code 3. HistoryError: no file there",)),
    "a job without an end": (begin, 0, NO_CHAMPION, ("no end", "run `headroom score` again")),
    "no signal": (save_control(STEADY), 0, NO_CHAMPION, ("no signal in 1 checks",)),
    "forecasts that are off": (
        save_control(BIASED),
        0,
        NO_CHAMPION,
        ("too high, by 25.0% of the actual (RXH/attendances; since", "*Forecasts are off target*"),
    ),
    "inputs that drift": (
        save_control(BIASED._replace(check=ControlCheck.LEVEL)),
        0,
        NO_CHAMPION,
        ("0.25 times that before the champion's training", "*Inputs drift*"),
    ),
    "a key that expires": (add_key, 0, NO_CHAMPION, ("key board", "keys expire board --date DAY")),
}


@pytest.mark.parametrize(("damage_it", "days_later", "exit_code", "says"), CASES.values(), ids=CASES)
def test_each_fault_is_found_with_what_to_do(
    system: Path,
    published: Path,
    damage_it: Callable[[Path], None],
    days_later: int,
    exit_code: int,
    says: tuple[str, ...],
) -> None:
    damage_it(published)
    ended = doctor(system, published, days_later)
    assert ended.exit_code == exit_code, ended.err
    text = " ".join(ended.out.split())
    assert [sentence for sentence in says if sentence not in text] == []


def test_nothing_is_changed(system: Path, published: Path) -> None:
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    doctor(system, published)
    after = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    assert after == before


def test_a_home_that_is_not_there_is_not_made(system: Path, home: Path) -> None:
    ended = doctor(system, home)
    assert (ended.exit_code, home.exists()) == (4, False)
    assert "Run `headroom daily`: it makes it." in ended.out


def test_a_job_that_runs_is_named(system: Path, published: Path) -> None:
    lock = acquire_lock(published / "locks" / "northshire.publishing.lock", timedelta(seconds=1))
    (published / "locks" / "northshire.publishing.holder").write_text("process 77 since 2026-11-22 05:00 UTC")
    try:
        assert "publishing: process 77 since 2026-11-22 05:00 UTC" in doctor(system, published).out
    finally:
        lock.release()
    assert "no job is running" in doctor(system, published).out


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("HEADROOM_STORE_URL", "postgresql://nobody:secret@127.0.0.1:1/none"),
        ("HEADROOM_KEYS_URL", "postgresql://nobody:secret@127.0.0.1:1/none"),
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:1"),
    ],
)
def test_what_is_out_of_reach_is_said_and_the_rest_is_examined(
    system: Path, published: Path, variable: str, address: str
) -> None:
    ended = doctor(system, published, 0, **{variable: address})
    assert ended.exit_code in (4, 6)
    assert "10 series to" in ended.out
    assert "FAULT" in ended.out
    assert "secret" not in ended.out + ended.err
