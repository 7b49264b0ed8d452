"""Stores of earlier releases: their tables as the steps up to one make them, filled with plain SQL."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial

from publication import document
from publication.model import Headroom, Publication, SeriesForecast
from publication.store import Store
from publication.vocabulary import CONTENT_KINDS
from tests.contract.store.witness import ask, fill, tell
from training.migrations.steps import upgrade

Row = tuple[object, ...]

LAST_BY_LEAD, FIRST_WITH_DRIVERS, FIRST_WITH_REMARKS, FIRST_WITH_WEEKDAYS = "0003", "0002", "0003", "0006"
FIRST_WITH_KINDS, FIRST_WITH_DOCUMENTS = "0007", "0008"
LAST_UNSTAMPED = "0003"
"""Since then every store is made with its version."""


def make_earlier(url: str, step: str, *publications: Publication, stamped: bool = True) -> None:
    """Make the tables of the step in an empty database, with these publications in them, the first one first."""
    store = Store(url)
    store.migrate(partial(upgrade, to=step))
    store.close()
    for publication in publications:
        _fill(url, step, publication)
    if not stamped:
        tell(url, "DROP TABLE alembic_version")


def _fill(url: str, step: str, of: Publication) -> None:
    columns = "system, cutoff, revision, issued_at, champion_name, champion_version, champion_run_id, data_digest, "
    columns += "digest, n_series, n_fallbacks, description, notes"
    if step >= FIRST_WITH_DOCUMENTS:
        _fill_document(url, of)
        return
    fill(url, f"publications ({columns})", [_own_row(step, of)])
    [(newest,)] = ask(url, "SELECT max(id) FROM publications")
    tables = {
        "series": [_series_row(step, of, n, series) for n, series in enumerate(of.series)],
        "forecasts": [row for series in of.series for row in _forecast_rows(step, series)],
    }
    if step >= FIRST_WITH_DRIVERS:
        tables["drivers"] = [
            (s.unique_id, json.dumps([list(day) for day in s.drivers])) for s in of.series if s.drivers
        ]
        tables["headroom"] = [(h.place, n, json.dumps(_headroom(h))) for n, h in enumerate(of.headroom)]
    if FIRST_WITH_REMARKS <= step < FIRST_WITH_KINDS:
        remarks = (note.text for note in of.notes if note.kind not in CONTENT_KINDS)
        tables["remarks"] = list(enumerate(remarks))
    for table, rows in tables.items():
        if rows:
            fill(url, table, [(newest, *row) for row in rows])


def _fill_document(url: str, of: Publication) -> None:
    row = _own_row(FIRST_WITH_DOCUMENTS, of)
    columns = "system, cutoff, revision, issued_at, champion_name, champion_version, champion_run_id, "
    columns += "digest, n_series, n_fallbacks, notes, document"
    values = (*row[:7], *row[8:11], row[12], gzip.compress(b"\n".join(_lines(of))))
    fill(url, f"publications ({columns})", [values])


def _lines(of: Publication) -> Iterator[bytes]:
    """The lines of the document, with the name that freed beds had."""
    written, _ = document.write(of)
    is_headroom = False
    for line in gzip.decompress(written).split(b"\n"):
        if line.endswith(b":["):
            is_headroom = b"headroom" in line
        if not is_headroom or b"beds_freed" not in line:
            yield line
            continue
        comma, item = line[: line.index(b"{")], json.loads(line[line.index(b"{") :])
        item["relief"] = item.pop("beds_freed")
        yield comma + json.dumps(item, sort_keys=True, separators=(",", ":")).encode()


def without_net_flow(of: Publication) -> Publication:
    """The publication as earlier releases made it."""
    return replace(of, headroom=tuple(replace(headroom, net_flow=()) for headroom in of.headroom))


def _headroom(of: Headroom) -> dict[str, object]:
    fields = asdict(of)
    del fields["net_flow"]
    fields["relief"] = fields.pop("beds_freed")
    return fields


def _own_row(step: str, of: Publication) -> Row:
    notes: list[object] = [note.text for note in of.notes if note.kind in CONTENT_KINDS and note.series is None]
    if step >= FIRST_WITH_KINDS:
        earlier_kinds = {"suspect": "doubted"}
        notes = [{**asdict(note), "kind": earlier_kinds.get(note.kind, note.kind)} for note in of.notes]
    return (
        of.system.name,
        of.cutoff.isoformat(),
        of.revision,
        of.issued_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        of.champion.name,
        of.champion.version,
        of.champion.run_id,
        of.data_digest,
        f"sha256:{hashlib.sha256(b''.join(_lines(of))).hexdigest()}",
        len(of.series),
        sum(series.fallback for series in of.series),
        json.dumps({name: value for name, value in asdict(of.system).items() if name != "levels"}),
        json.dumps(notes),
    )


def _series_row(step: str, of: Publication, position: int, series: SeriesForecast) -> Row:
    recent = json.dumps([[actual.ds.isoformat(), actual.y] for actual in series.recent])
    weekdays = ("".join(map(str, series.counted_on)) or None,) if step >= FIRST_WITH_WEEKDAYS else ()
    reason = (of.fallback_reason(series.unique_id),) if step < FIRST_WITH_KINDS else ()
    what = (series.unit, series.model, series.fallback, *reason, recent)
    return (series.unique_id, position, *series.key, *what, *weekdays)


def _forecast_rows(step: str, series: SeriesForecast) -> Iterator[Row]:
    """One row, or one for each day, the last lead first: in no order that a step could rely on."""
    if step > LAST_BY_LEAD:
        yield series.unique_id, json.dumps([[day.mean, *day.quantiles] for day in series.days])
        return
    for day in reversed(series.days):
        yield series.unique_id, day.lead, day.ds.isoformat(), day.mean, json.dumps(day.quantiles)
