"""The store of publications, in SQLAlchemy Core, SQLite by default, PostgreSQL by URL."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.schema import CreateTable

from publication import document, job_runs, score_tables
from publication.database import VERSION, engine, metadata, publications, sqlite_file, sqlite_url, versions
from publication.document import NewDecompressor, ReadJson
from publication.errors import (
    MalformedJobRunsError,
    MalformedLiveScoresError,
    MalformedPublicationError,
    PublicationError,
    SchemaVersionError,
    StoreFullError,
    StoreUnreachableError,
    UnknownPublicationError,
)
from publication.full_disk import is_disk_full
from publication.invariants import check
from publication.job_runs import JobOutcome, JobRun
from publication.live_scores import LiveScores
from publication.model import Champion, Headroom, Publication, PublicationSummary, SeriesForecast
from publication.redaction import Redactor, redact_url

Part = TypeVar("Part")

FILE_NAME = "publications.db"
SUMMARY_COLUMNS = [column for column in publications.columns if column.name not in ("notes", "document")]
SUMMARY_TYPES = {
    int: ("revision", "champion_version", "n_series", "n_fallbacks"),
    str: ("system", "champion_name", "champion_run_id", "digest"),
}
NO_REVISION = "0000"
ISSUE_ATTEMPTS = 10  # of jobs that issue the same cutoff at once, each round lets one through


def default_url(home: Path) -> str:
    """The SQLite store under `home`."""
    return sqlite_url(home / FILE_NAME)


class Store:
    """Publications of any number of systems. Methods raise StoreUnreachableError where the database does not answer.

    `read_json` and `new_decompressor`: quicker ones than the standard library's, for whoever has them and waits for
    large publications.
    """

    def __init__(
        self,
        url: str,
        read_json: ReadJson = json.loads,
        new_decompressor: NewDecompressor = document.zlib_decompressor,
    ) -> None:
        self._read_json = read_json
        self._new_decompressor = new_decompressor
        self._engine = engine(url)
        self._redactor = Redactor(url)
        self._redacted_url = redact_url(url)
        self._file = sqlite_file(url)

    def prepare(self) -> None:
        """Create the tables in a database that has none. Raises SchemaVersionError where there are others."""
        with self._reach():
            try:
                self._create_tables()
            except (IntegrityError, ProgrammingError):  # when another job made them at the same moment
                self._create_tables()
        self.check_version()

    def check_version(self) -> None:
        """Raises SchemaVersionError where there are tables, and they are of another release."""
        there = self._version()
        if there not in (None, VERSION):
            raise self._other_version(there)

    def check_not_newer(self) -> None:
        """Raises SchemaVersionError where the tables are of a newer release, which no step of ours leads back from."""
        there = self._version()
        if there is not None and there > VERSION:
            raise self._other_version(there)

    def migrate(self, steps: Callable[[Connection], None]) -> tuple[str | None, str | None]:
        """Let `steps` bring the tables to this release, in one transaction. Gives the version before and after."""
        with self._reach(), self._changing_tables() as connection:
            before = _version(connection)
            steps(connection)
            return before, _version(connection)

    def issue(self, publication: Publication) -> Publication:
        """Check the invariants, then write the complete publication, as the next revision of its cutoff.

        Content that is already the newest revision is not written again, unless that is damaged: it is returned.
        Raises MalformedPublicationError, and writes nothing, when an invariant does not hold.
        """
        check(publication)
        content, digest = document.write(publication)
        for _ in range(ISSUE_ATTEMPTS):
            try:
                return self._issue_once(publication, content, digest)
            except IntegrityError as error:  # another job took the revision between our look and our write
                lost = error
        raise StoreUnreachableError(
            f"Issuing {publication.system.name} for {publication.cutoff} at {self._redacted_url}: "
            f"other jobs took the revision {ISSUE_ATTEMPTS} times ({lost.orig}). Run one job for a cutoff at a time."
        ) from lost

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        """The newest publication: of one system, for one cutoff, of one revision where they are given.

        Raises UnknownPublicationError when there is none, MalformedPublicationError where it is damaged.
        """
        with self._connection() as connection:
            with self._reading(f"the publication{_wanted(system, cutoff, revision)}"):
                row = connection.execute(_newest(system, cutoff, revision).limit(1)).mappings().first()
            if row is None:
                raise self._no_publication(system, cutoff, revision)
            with self._reading(_named(row["system"], row["cutoff"], row["revision"])):
                return self._read(connection, row)

    def headroom_of(self, summary: PublicationSummary) -> tuple[Headroom, ...]:
        """Return the headroom of a publication, without reading the rest of it but for its digest.

        Raises UnknownPublicationError where it is no longer there, MalformedPublicationError where it is damaged.
        """
        return self._part(
            summary, partial(document.read_headroom, read_json=self._read_json, new_decompressor=self._new_decompressor)
        )

    def series_at(self, summary: PublicationSummary, place: str) -> tuple[SeriesForecast, ...]:
        """Return the series of one place of a publication, without reading the rest of it but for its digest.

        A place that it does not have has no series. Raises what `headroom_of` does.
        """
        return self._part(
            summary,
            partial(
                document.read_series, place=place, read_json=self._read_json, new_decompressor=self._new_decompressor
            ),
        )

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        """Return summaries of the publications, newest first: by cutoff, then revision.

        Raises MalformedPublicationError where a row among them is damaged.
        """
        with self._connection() as connection, self._reading("the list of publications"):
            return tuple(map(_summary, connection.execute(_newest(system).limit(limit)).mappings()))

    def save_live_scores(self, scores: LiveScores) -> None:
        """Replace the live scores of a system in one transaction."""
        with self._reach(), self._engine.begin() as connection:
            score_tables.write(connection, scores)

    def scored_at(self, system: str) -> datetime | None:
        """Return the instant of the newest live scores of the system, from one row; None if there are none.

        Raises MalformedLiveScoresError where that row is damaged.
        """
        with self._connection() as connection, self._reading("the live scores", MalformedLiveScoresError):
            return score_tables.scored_at(connection, system)

    def live_scores(self, system: str) -> LiveScores | None:
        """Return the newest live scores of the system; None where nothing has been scored yet.

        Raises MalformedLiveScoresError where its rows are damaged.
        """
        with self._connection() as connection, self._reading("the live scores", MalformedLiveScoresError):
            return score_tables.read(connection, system)

    def start_job(self, run: JobRun) -> int:
        """Record that a job has begun. Return the id of the run, to end it with."""
        with self._reach(), self._engine.begin() as connection:
            return job_runs.start(connection, run)

    def end_job(self, run_id: int, run: JobRun) -> None:
        """Record how a run ended."""
        with self._reach(), self._engine.begin() as connection:
            job_runs.end(connection, run_id, run)

    def job_runs_mark(self, system: str | None) -> tuple[int, int]:
        """Return a mark that differs once a run of the system, or of any, has begun or ended: a query of one row."""
        with self._connection() as connection:
            return job_runs.changed(connection, system)

    def job_outcomes(self, system: str | None) -> tuple[JobOutcome, ...]:
        """Return the outcome of each job of the system that ever ran; None: of the system whose job began last.

        Raises MalformedJobRunsError where its rows are damaged.
        """
        with self._connection() as connection, self._reading("the runs of jobs", MalformedJobRunsError):
            return job_runs.outcomes(connection, system)

    def verify(self, summary: PublicationSummary) -> None:
        """Check that the document of a publication is still the one that was issued, without reading its numbers.

        Raises UnknownPublicationError where it is no longer there, MalformedPublicationError where it is damaged.
        """
        self._part(summary, partial(document.verify, new_decompressor=self._new_decompressor))

    def close(self) -> None:
        self._engine.dispose()

    def _version(self) -> str | None:
        with self._connection() as connection:
            return _version(connection)

    def _other_version(self, there: str) -> SchemaVersionError:
        do = "Run `headroom migrate` with the same --home or HEADROOM_STORE_URL."
        if there > VERSION:
            do = "They were made by a newer release: install that, or a newer one."
        return SchemaVersionError(
            f"Opening the publication store at {self._redacted_url}: its tables are of version {there}, "
            f"this release reads version {VERSION}. {do}"
        )

    def _create_tables(self) -> None:
        with self._changing_tables() as connection:
            if _version(connection) is not None:
                return
            for table in (*metadata.sorted_tables, versions):
                connection.execute(CreateTable(table, if_not_exists=True))
            connection.execute(insert(versions), {"version_num": VERSION})

    @contextmanager
    def _changing_tables(self) -> Iterator[Connection]:
        """A transaction over tables, too: SQLite's driver begins none for them by itself."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def _issue_once(self, publication: Publication, content: bytes, digest: str) -> Publication:
        with self._reach(), self._engine.begin() as connection:
            newest = _newest(publication.system.name, publication.cutoff).limit(1)
            last = connection.execute(newest.with_only_columns(publications.c.digest, publications.c.revision)).first()
            if last is not None and last.digest == digest:
                saved = self._read_undamaged(connection, newest)
                if saved is not None:
                    return replace(publication, revision=saved.revision, issued_at=saved.issued_at)
            issued = replace(publication, revision=1 if last is None else last.revision + 1)
            row = {
                **_summary_row(issued, digest),
                "notes": [asdict(note) for note in issued.notes],
                "document": content,
            }
            connection.execute(insert(publications), row)
        return issued

    def _read_undamaged(self, connection: Connection, newest: Select[tuple[object, ...]]) -> Publication | None:
        """Return the publication that is found; None where it is damaged."""
        with suppress(MalformedPublicationError), self._reading("it"):
            return self._read(connection, connection.execute(newest).mappings().one())
        return None

    def _read(self, connection: Connection, row: RowMapping) -> Publication:
        """Return the publication whose row this is. Raises ValueError where the row and its document differ."""
        parts = select(publications.c.notes, publications.c.document).where(publications.c.id == row["id"])
        notes, content = connection.execute(parts).one()
        summary = _summary(row)
        read = document.read(
            content,
            summary.digest,
            notes=notes,
            issued_at=summary.issued_at,
            revision=summary.revision,
            read_json=self._read_json,
            new_decompressor=self._new_decompressor,
        )
        if _summary(_summary_row(read, summary.digest)) != summary:
            raise ValueError("its row and its document differ")
        return read

    def _no_publication(self, system: str | None, cutoff: date | None, revision: int | None) -> UnknownPublicationError:
        return UnknownPublicationError(f"{self._redacted_url} holds no publication{_wanted(system, cutoff, revision)}.")

    def _part(self, summary: PublicationSummary, read: Callable[..., Part]) -> Part:
        """Return what `read` finds in the document of the publication, which must have the digest of its summary."""
        of = summary.system, summary.cutoff, summary.revision
        with self._connection() as connection, self._reading(_named(*of)):
            content = connection.execute(_newest(*of).with_only_columns(publications.c.document)).scalar()
            if content is None:
                raise self._no_publication(*of)
            return read(content, summary.digest)

    @contextmanager
    def _reading(self, what: str, malformed: type[PublicationError] = MalformedPublicationError) -> Iterator[None]:
        """Says what is damaged where it is not what its reader expects, whatever that makes of it."""
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise malformed(
                f"Reading {what} at {self._redacted_url}: it is damaged ({type(error).__name__}: {error}). "
                "Restore the store, or let the job that made it run again."
            ) from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._reach(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeoutError, UnicodeError) as error:  # the last of a host that cannot be a name
            cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            found = f"the publication store at {self._redacted_url}: {self._redactor.redact_error(cause)}"
            if is_disk_full(error, self._file):
                raise StoreFullError(f"Writing to {found}. Make room on its disk, and run it again.") from None
            raise StoreUnreachableError(
                f"Reaching {found}. Check that it runs, that HEADROOM_STORE_URL is right, "
                "and that the tables exist (any training job makes them)."
            ) from None


def _version(connection: Connection) -> str | None:
    """Return the version of the tables: `NO_REVISION` before there were versions; None where there are no tables."""
    there = inspect(connection)
    if there.has_table(versions.name):
        stamped = connection.execute(select(versions.c.version_num)).scalar()
        if stamped is not None:
            return str(stamped)
    return NO_REVISION if there.has_table(publications.name) else None


def _wanted(system: str | None, cutoff: date | None, revision: int | None) -> str:
    wanted = f" of {system}" * bool(system) + f" for cutoff {cutoff}" * bool(cutoff)
    return wanted + f", revision {revision}" * bool(revision)


def _named(system: str, cutoff: date, revision: int) -> str:
    return f"the publication of {system} for {cutoff}, revision {revision},"


def _summary_row(publication: Publication, digest: str) -> dict[str, object]:
    return {
        "system": publication.system.name,
        "cutoff": publication.cutoff,
        "revision": publication.revision,
        "issued_at": publication.issued_at,
        "champion_name": publication.champion.name,
        "champion_version": publication.champion.version,
        "champion_run_id": publication.champion.run_id,
        "digest": digest,
        "n_series": len(publication.series),
        "n_fallbacks": sum(series.fallback for series in publication.series),
    }


def _summary(row: RowMapping | Mapping[str, Any]) -> PublicationSummary:
    """Raises ValueError where the row holds something else: SQLite stores what it is given."""
    for kind, columns in SUMMARY_TYPES.items():
        for column in columns:
            if type(row[column]) is not kind:
                raise ValueError(f"{column} is {row[column]!r}")
    return PublicationSummary(
        system=row["system"],
        cutoff=row["cutoff"],
        revision=row["revision"],
        issued_at=row["issued_at"],
        champion=Champion(row["champion_name"], row["champion_version"], row["champion_run_id"]),
        n_series=row["n_series"],
        n_fallbacks=row["n_fallbacks"],
        digest=row["digest"],
    )


def _newest(
    system: str | None = None, cutoff: date | None = None, revision: int | None = None
) -> Select[tuple[object, ...]]:
    """Rows without their documents: sorting would carry each of those along."""
    query = select(*SUMMARY_COLUMNS).order_by(publications.c.cutoff.desc(), publications.c.revision.desc())
    wanted = {publications.c.system: system, publications.c.cutoff: cutoff, publications.c.revision: revision}
    return query.where(*(column == value for column, value in wanted.items() if value is not None))
