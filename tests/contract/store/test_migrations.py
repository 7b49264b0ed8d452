"""The steps lead to the tables that a new store gets, from every release there was, and lose nothing on the way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from rich.console import Console
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from publication.database import VERSION, metadata
from publication.document import digest
from publication.errors import MalformedPublicationError, SchemaVersionError
from publication.live_scores import Slice
from publication.model import Note, Publication
from publication.store import Store, default_url
from publication.vocabulary import NoteKind
from tests.builders import CUTOFF, build_live_scores, build_publication, counted_at_weekends
from tests.contract.store.earlier import FIRST_WITH_KINDS, LAST_UNSTAMPED, make_earlier, without_net_flow
from tests.contract.store.witness import ask, overwrite, tell
from tests.unit.publication.tiny import publication
from training.cli.main import app
from training.jobs import migrate
from training.jobs.registry import OUT_OF_REACH_NOTE, UNREADABLE_NOTE
from training.migrations.steps import upgrade
from training.settings import Settings

STEPS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    url = make_url(store_url)
    made = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    yield made
    made.dispose()


def differences(connection: Connection) -> list[object]:
    """Return differences that Alembic's own comparison finds between the database and the tables of the store."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def test_all_steps_make_what_a_new_store_gets(connect: Callable[[], Store], engine: Engine) -> None:
    assert connect().migrate(upgrade) == (None, VERSION)
    with engine.connect() as connection:
        assert differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_new_store_is_at_the_newest_step(store: Store, engine: Engine) -> None:
    assert store.migrate(upgrade) == (VERSION, VERSION)
    with engine.connect() as connection:
        assert differences(connection) == []


@pytest.mark.parametrize(
    ("step", "stamped"),
    [*((step, True) for step in STEPS), *((step, False) for step in STEPS if step <= LAST_UNSTAMPED)],
)
def test_a_store_of_an_earlier_release_is_rejected_then_migrated_and_loses_nothing(
    store_url: str, connect: Callable[[], Store], engine: Engine, step: str, stamped: bool
) -> None:
    first, second = replace(publication(), revision=1), replace(publication(scale=1.1), revision=2)
    make_earlier(store_url, step, first, second, stamped=stamped)
    with pytest.raises(SchemaVersionError, match="headroom migrate"):
        connect().prepare()
    connect().migrate(upgrade)
    store = connect()
    store.prepare()
    saved = first if step >= FIRST_WITH_KINDS else without_places(first)
    assert store.latest(revision=1) == saved
    assert store.latest() == replace(second, notes=saved.notes)
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [(VERSION,)]
    assert store.issue(publication(scale=1.1)).revision == 2
    assert store.issue(publication(scale=1.2)).revision == 3
    with engine.connect() as connection:
        assert differences(connection) == []


def test_scores_of_before_there_was_control_are_read_and_have_none(
    store: Store, store_url: str, connect: Callable[[], Store]
) -> None:
    scores = build_live_scores()
    store.save_live_scores(scores)
    tell(store_url, "DROP TABLE control_states", "UPDATE alembic_version SET version_num = '0011'")
    with pytest.raises(SchemaVersionError, match="headroom migrate"):
        connect().prepare()
    assert connect().migrate(upgrade) == ("0011", VERSION)
    assert connect().live_scores("northshire") == replace(scores, control=())


def without_places(of: Publication) -> Publication:
    """No step before notes had kinds stored the place that a note is on, but for why a series is a fallback."""
    return replace(of, notes=tuple(note if note.series else replace(note, place=None) for note in of.notes))


SENTENCES = {
    "2 of 49 series are fallbacks; each says why.": NoteKind.FALLBACK,
    "Pressure leaves out 2 places whose beds are not counted, also from their parents: RXH, RXK.": NoteKind.CAPACITY,
    "Strike 2026-11-24 (everywhere): junior doctors": NoteKind.EVENT,
    "The cutoff is 2026-11-21 and not 2026-11-22: no series has a later value.": NoteKind.CUTOFF,
    "The history reaches only 2026-11-20 by now; the cutoff stays at 2026-11-21, which is published already.": (
        NoteKind.CUTOFF
    ),
    OUT_OF_REACH_NOTE.format(number=3): NoteKind.CHAMPION,
    UNREADABLE_NOTE.format(number=3): NoteKind.CHAMPION,
    "1 series is forecast from the last value, with wider intervals: RXH/beds (2026-11-19).": NoteKind.LATE,
    "2 series are doubted, and forecast from the last value that is not: RXH/beds (2026-11-19).": NoteKind.SUSPECT,
    "1 series is silent for too long and not forecast (last value): RXK/beds (2026-10-01).": NoteKind.SILENT,
    "RXH/beds is counted on Saturday and Sunday only; other days are not forecast.": NoteKind.WEEKDAYS,
}


def test_notes_remarks_and_reasons_become_one_list_with_kinds(store_url: str, connect: Callable[[], Store]) -> None:
    """Notes on the making come first, as they always did on the page; reasons for fallbacks come last."""
    notes = tuple(Note(kind, text) for text, kind in SENTENCES.items())
    made = build_publication(notes=notes, revision=1)
    make_earlier(store_url, "0006", made)
    store = connect()
    store.migrate(upgrade)
    read = store.latest()
    assert read.notes == (*notes[3:], *notes[:3], *made.notes[len(notes) :])
    assert digest(read) == digest(made)
    assert replace(store.issue(made), notes=()) == replace(read, notes=())


def test_a_store_of_a_newer_release_is_left_alone_in_a_sentence(store: Store, store_url: str, tmp_path: Path) -> None:
    issued = store.issue(publication())
    tell(store_url, "UPDATE alembic_version SET version_num = '9999'")
    settings = Settings(home=tmp_path, store_url=store_url, keys_url="", tracking_uri="")
    with pytest.raises(SchemaVersionError, match=r"of version 9999, .* a newer release: install that"):
        migrate.run(settings, Console())
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert store.latest() == issued


def test_forecasts_by_lead_keep_every_bit(store_url: str, connect: Callable[[], Store]) -> None:
    made = [
        without_net_flow(
            build_publication(
                CUTOFF - timedelta(days=n), scale=1 / (3 + n), with_drivers=True, with_headroom=True, revision=1
            )
        )
        for n in range(3)
    ]
    make_earlier(store_url, "0003", *made)
    assert ask(store_url, "SELECT count(*) FROM forecasts") == [(28 * 3 * len(made[0].series),)]
    store = connect()
    store.migrate(upgrade)
    for of in made:
        read = store.latest(cutoff=of.cutoff)
        assert read == of
        assert digest(read) == digest(of)


DAMAGED_LATER = "0003"
"""The last step with a row for each day."""


def test_a_day_that_was_missing_before_is_still_found(store_url: str, connect: Callable[[], Store]) -> None:
    make_earlier(store_url, DAMAGED_LATER, replace(publication(), revision=1))
    tell(store_url, "DELETE FROM forecasts WHERE unique_id = 'RXA/attendances' AND lead = 1")
    store = connect()
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="is damaged"):
        store.latest()


@pytest.mark.parametrize("quantiles", ["null", "5", '{"0.1": 2}', "{"])
def test_a_day_that_was_damaged_before_is_still_found(
    store_url: str, connect: Callable[[], Store], quantiles: str
) -> None:
    if quantiles == "{" and store_url.startswith("postgresql"):
        pytest.skip("PostgreSQL takes no text that is no JSON")
    make_earlier(store_url, DAMAGED_LATER, replace(publication(), revision=1))
    tell(store_url, f"UPDATE forecasts SET quantiles = '{quantiles}' WHERE unique_id = 'RXA/attendances' AND lead = 1")
    store = connect()
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="is damaged"):
        store.latest()


@pytest.mark.parametrize("notes", ["5", "[5]", '{"a": 1}', "much"])
def test_notes_that_were_damaged_before_are_still_found(
    store_url: str, connect: Callable[[], Store], notes: str
) -> None:
    if notes == "much" and store_url.startswith("postgresql"):
        pytest.skip("PostgreSQL takes no text that is no JSON")
    make_earlier(store_url, "0006", replace(publication(), revision=1))
    tell(store_url, f"UPDATE publications SET notes = '{notes}'")
    store = connect()
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="damaged"):
        store.latest()


SERIES_DAMAGED = {
    "a stream that is none": "UPDATE series SET stream = 'x' WHERE unique_id = 'RXA/attendances'",
    "a place": "UPDATE series SET place = 'RXB' WHERE unique_id = 'RXA/attendances'",
    "a series": "DELETE FROM series WHERE unique_id = 'RXA/attendances'",
    "its forecast": "DELETE FROM forecasts WHERE unique_id = 'RXA/attendances'",
    "a number": """UPDATE forecasts SET by_day = '[[1.0, 0.5, 1.0, 1.5], [1.0, null, 1.0, 1.5]]'""",
    "actuals": """UPDATE series SET recent = '[["yesterday", 1.0]]'""",
    "drivers": "INSERT INTO drivers SELECT publication_id, unique_id, '[[1.0]]' FROM series",
    "weekdays": "UPDATE series SET counted_on = 'x'",
    "the system": "UPDATE publications SET description = '{}'",
}


@pytest.mark.parametrize("damage", SERIES_DAMAGED.values(), ids=SERIES_DAMAGED.keys())
def test_rows_that_were_damaged_before_are_still_found(
    store_url: str, connect: Callable[[], Store], damage: str
) -> None:
    make_earlier(store_url, "0007", replace(publication(), revision=1))
    tell(store_url, damage)
    store = connect()
    store.migrate(upgrade)
    with pytest.raises(MalformedPublicationError, match="is damaged"):
        store.latest()


@pytest.mark.parametrize("step", ["0007", "0008"])
def test_a_publication_with_every_optional_part_has_the_digest_of_a_new_one(
    store_url: str, connect: Callable[[], Store], step: str
) -> None:
    notes = (Note(NoteKind.SUSPECT, "1 series is suspect."), Note(NoteKind.LATE, "1 series is late."))
    complete = build_publication(with_drivers=True, with_headroom=True, revision=1, notes=notes)
    complete = without_net_flow(counted_at_weekends(complete, "RXK2"))
    make_earlier(store_url, step, complete)
    store = connect()
    store.migrate(upgrade)
    assert store.latest() == complete
    assert store.summaries()[0].digest == digest(complete)
    assert store.issue(complete).revision == 1


def test_a_publication_without_headroom_keeps_its_document_to_the_byte(
    store_url: str, connect: Callable[[], Store]
) -> None:
    make_earlier(store_url, "0008", replace(publication(), revision=1))
    before = ask(store_url, "SELECT digest, document FROM publications")
    connect().migrate(upgrade)
    assert ask(store_url, "SELECT digest, document FROM publications") == before


@pytest.mark.parametrize("damage", ["bytes", "digest"])
def test_a_document_that_was_damaged_before_is_still_found(
    store_url: str, connect: Callable[[], Store], damage: str
) -> None:
    make_earlier(store_url, "0008", without_net_flow(build_publication(with_headroom=True, revision=1)))
    if damage == "bytes":
        overwrite(store_url, "publications", "document", b"no document")
    else:
        tell(store_url, "UPDATE publications SET digest = 'sha256:0'")
    before = ask(store_url, "SELECT digest, document FROM publications")
    store = connect()
    store.migrate(upgrade)
    assert ask(store_url, "SELECT digest, document FROM publications") == before
    with pytest.raises(MalformedPublicationError, match="is damaged"):
        store.latest()


def test_live_scores_of_an_earlier_release_are_read_and_replaced(store_url: str, connect: Callable[[], Store]) -> None:
    make_earlier(store_url, "0005")
    scores = build_live_scores()
    own = "'northshire', '2026-11-22 05:01:00', '2026-08-23', '2026-11-21', 91"
    tell(
        store_url,
        f"INSERT INTO ledgers (system, scored_at, first_day, last_day, n_publications) VALUES ({own})",
        "INSERT INTO scores (ledger_id, unique_id, leads, regime, measure, n, fallbacks, mae) "
        "VALUES (1, 'RXH/beds', '01-07', 'stable', 'beds', 7, 1, 1.5)",
    )
    store = connect()
    store.migrate(upgrade)
    found = store.live_scores("northshire")
    assert found is not None
    assert (found.first, found.last, found.n_publications) == (scores.first, scores.last, 91)
    assert [(score.of.series, score.n, score.losses.mae) for score in found.scores] == [("RXH/beds", 7, 1.5)]
    for hours in range(3):
        store.save_live_scores(replace(scores, scored_at=scores.scored_at + timedelta(hours=hours)))
    assert ask(store_url, "SELECT id FROM live_scores ORDER BY id") == [(3,), (4,)]
    assert ask(store_url, "SELECT DISTINCT live_scores_id FROM scores ORDER BY 1") == [(3,), (4,)]


def test_live_scores_of_before_there_were_weeks_are_of_thirteen(store_url: str, connect: Callable[[], Store]) -> None:
    """Their losses stay; what nobody computed then is not made up."""
    make_earlier(store_url, "0009")
    own = "'northshire', '2026-11-22 05:01:00', '2026-08-23', '2026-11-21', 91"
    tell(
        store_url,
        f"INSERT INTO live_scores (system, scored_at, first_day, last_day, n_publications) VALUES ({own})",
        "INSERT INTO scores (live_scores_id, unique_id, leads, regime, measure, n, fallbacks, mae, coverage_80) "
        "VALUES (1, 'RXH/beds', '01-07', 'stable', 'beds', 7, 1, 1.5, 0.75)",
    )
    store = connect()
    store.migrate(upgrade)
    found = store.live_scores("northshire")
    assert found is not None
    [score] = found.scores
    assert (score.of, score.n, score.fallbacks, score.publications) == (
        Slice("RXH/beds", "beds", "01-07", "stable", 13), 7, 1, 0
    )  # fmt: skip
    assert (score.losses.mae, score.losses.coverage_80) == (1.5, 0.75)
    assert (score.losses.bias, score.losses.last_week_mae) == (None, None)
    assert (found.by_lead, found.by_champion, found.quantiles) == ((), (), ())


def test_a_table_of_versions_without_one_is_as_none(store_url: str, connect: Callable[[], Store]) -> None:
    made = replace(publication(), revision=1)
    make_earlier(store_url, LAST_UNSTAMPED, made)
    tell(store_url, "DELETE FROM alembic_version")
    store = connect()
    assert store.migrate(upgrade) == ("0000", VERSION)
    assert store.latest() == without_places(made)


def test_a_step_that_fails_leaves_the_store_as_it_was(
    store_url: str, connect: Callable[[], Store], engine: Engine
) -> None:
    make_earlier(store_url, "0001", replace(publication(), revision=1))

    def fail_after(connection: Connection) -> None:
        upgrade(connection)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        connect().migrate(fail_after)
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [("0001",)]
    with engine.connect() as connection:
        assert "drivers" not in inspect(connection).get_table_names()
        assert "lead" in {column["name"] for column in inspect(connection).get_columns("forecasts")}


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    url = default_url(tmp_path)
    make_earlier(url, "0001", stamped=False)
    runs = [CliRunner().invoke(app, ["migrate", "--home", str(tmp_path)]) for _ in range(2)]
    assert [result.exit_code for result in runs] == [0, 0]
    assert f"went from version 0000 to {VERSION}" in runs[0].stdout
    assert f"is of version {VERSION} already" in runs[1].stdout
