"""The digest against the canonical text written by hand, and against every change that must or must not move it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from publication.document import digest
from publication.levels import EscalationLevel
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Finding,
    Headroom,
    Measure,
    Note,
    Peak,
    Place,
    Publication,
    SeriesForecast,
    System,
)
from publication.packed import packed
from publication.vocabulary import Check, Kind, NoteKind, SeriesKey, Severity, Treatment
from tests.unit.publication.tiny import publication, with_day, with_series

ONE_SERIES = Publication(
    system=System(
        "s", "UTC", 8, 1, (0.95,), (0.5,), (Measure("beds", Kind.CAPACITY, "beds"),), (Place("s", None, "S", "site"),)
    ),
    cutoff=date(2026, 1, 1),
    issued_at=datetime(2026, 1, 2, tzinfo=UTC),
    champion=Champion("c", 1, "r"),
    data_digest="d",
    series=(
        SeriesForecast(
            key=SeriesKey("s", "beds"),
            unit="beds",
            model="m",
            fallback=False,
            recent=(Actual(date(2026, 1, 1), 4.0),),
            days=(DayForecast(date(2026, 1, 2), 1, 5.5, (5.0,)),),
        ),
    ),
)
# Keys sorted, no spaces, days in ISO form; neither issued_at nor revision.
CANONICAL = (
    '{"champion":{"name":"c","run_id":"r","version":1},"cutoff":"2026-01-01","data_digest":"d","notes":[],'
    '"series":[{"days":[{"ds":"2026-01-02","lead":1,"mean":5.5,"quantiles":[5.0]}],"fallback":false,'
    '"key":["s","beds",null],"model":"m","reason":null,"recent":[{"ds":"2026-01-01","y":4.0}],"unit":"beds"}],'
    '"system":{"census_hour":8,"horizon_days":1,"measures":[{"kind":"capacity","name":"beds","unit":"beds"}],'
    '"name":"s","places":[{"id":"s","kind":"site","name":"S","parent":null}],"quantiles":[0.5],'
    '"thresholds":[0.95],"timezone":"UTC"}}'
)
ONE_FINDING = Finding(
    "s/beds", date(2025, 12, 30), date(2026, 1, 1), Check.FROZEN, Severity.SUSPECT, "found 4", Treatment.LEFT_OUT
)
NO_DAYS = Headroom("s", (), (), (), (), ())
WITHOUT_NET_FLOW = CANONICAL.replace(
    ',"notes"',
    ',"headroom":[{"beds":[],"beds_freed":[],"headroom":[],"occupancy":[],"peaks":[],"place":"s"}],"notes"',
)
WITH_NET_FLOW = WITHOUT_NET_FLOW.replace('"occupancy"', '"net_flow":[[-2.5,0.0]],"occupancy"')
BUSY = EscalationLevel("busy", "over 0.92 >= 50 %", "orange", "call")
WITH_LEVEL = CANONICAL.replace(
    ',"measures"',
    ',"levels":[{"action":"call","colour":"orange","name":"busy","when":"over 0.92 >= 50 %"}],"measures"',
)
WITH_FINDING = CANONICAL.replace(
    ',"notes"',
    ',"findings":[{"check":"frozen","first":"2025-12-30","last":"2026-01-01","reason":"found 4","series":"s/beds",'
    '"severity":"suspect","treatment":"left out"}],"notes"',
)
PINNED = "sha256:6374d11272d56a4d2d98c8e2193f02c94a64e334a3613c9e888ff6c334585eb4"

ALL_THERE_IS = replace(
    ONE_SERIES,
    series=(
        replace(
            ONE_SERIES.series[0],
            recent=(Actual(date(2025, 12, 31), None), Actual(date(2026, 1, 1), 4)),
            days=(DayForecast(date(2026, 1, 2), 1, 123456789012345680.0, (1e-7, 5e-324, 0.1 + 0.2, -0.0)),),
            drivers=((1e16, 1 / 3, 7),),
        ),
        replace(ONE_SERIES.series[0], key=SeriesKey("s", "beds", "x")),
    ),
    notes=(
        Note(NoteKind.LATE, "not content"),
        Note(NoteKind.EVENT, "first"),
        Note(NoteKind.FALLBACK, 'it said "no" \\ «Jürgen»\u2028', "s", "s/beds"),
        Note(NoteKind.CAPACITY, "«second»", "s"),
    ),
    headroom=(
        Headroom("s", (9.0,), ((4.0, 5.5),), ((3.5, 5.0),), (1.0,), (Peak(3, (5.0,), 1.5), Peak(7, (), 2.0))),
        Headroom("t", (), (), (), (), ()),
    ),
)
"""Every kind of field, numbers of every form, texts with what JSON escapes; as hashed since tables 0009."""
ALL_PINNED = "sha256:aeaff74b29153d6af66364d17dd8b95866d0526d99f50bd667de863f381d7738"


def test_the_digest_is_the_hash_of_the_canonical_text() -> None:
    assert digest(ONE_SERIES) == f"sha256:{hashlib.sha256(CANONICAL.encode()).hexdigest()}"


def test_findings_are_part_of_the_canonical_text_where_there_are_any() -> None:
    doubted = replace(ONE_SERIES, findings=(ONE_FINDING,))
    assert digest(doubted) == f"sha256:{hashlib.sha256(WITH_FINDING.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("headroom", "text"), [(NO_DAYS, WITHOUT_NET_FLOW), (replace(NO_DAYS, net_flow=((-2.5, 0.0),)), WITH_NET_FLOW)]
)
def test_net_flow_is_part_of_the_canonical_text_where_there_is_any(headroom: Headroom, text: str) -> None:
    assert digest(replace(ONE_SERIES, headroom=(headroom,))) == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_levels_of_escalation_are_part_of_the_canonical_text_where_there_are_any() -> None:
    assert BUSY.condition  # it is made of the text, and is no part of what is hashed
    levelled = replace(ONE_SERIES, system=replace(ONE_SERIES.system, levels=(BUSY,)))
    assert digest(levelled) == f"sha256:{hashlib.sha256(WITH_LEVEL.encode()).hexdigest()}"


def test_the_digest_never_changes_between_versions_of_this_program() -> None:
    """Other programs save digests. A change needs a migration that writes documents again, as tables 0009 did."""
    assert digest(ONE_SERIES) == PINNED
    assert digest(ALL_THERE_IS) == ALL_PINNED


def test_packed_numbers_have_the_digest_of_plain_ones() -> None:
    [first, plain], [of, empty] = ALL_THERE_IS.series, ALL_THERE_IS.headroom
    held = replace(
        ALL_THERE_IS,
        series=(replace(first, drivers=packed(((1e16, 1 / 3, 7.0),))), plain),
        headroom=(replace(of, occupancy=packed(of.occupancy), headroom=packed(of.headroom)), empty),
    )
    with_floats = replace(ALL_THERE_IS, series=(replace(first, drivers=((1e16, 1 / 3, 7.0),)), plain))
    assert digest(held) == digest(with_floats)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_gives_the_same_digest(hash_seed: str) -> None:
    program = "from tests.unit.publication.test_document import *; print(digest(ONE_SERIES))"
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", program], env=environ, check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == PINNED


@pytest.mark.parametrize(
    "reissue",
    [
        lambda p: replace(p, revision=3),
        lambda p: replace(p, issued_at=p.issued_at + timedelta(days=400)),
        lambda p: replace(p, issued_at=p.issued_at.astimezone(timezone(timedelta(hours=1)))),
        lambda p: replace(p),
    ],
)
def test_issuing_again_keeps_the_digest(reissue: Callable[[Publication], Publication]) -> None:
    assert digest(reissue(publication())) == digest(publication())


CHANGES: dict[str, Callable[[Publication], Publication]] = {
    "cutoff": lambda p: replace(p, cutoff=p.cutoff + timedelta(days=1)),
    "champion version": lambda p: replace(p, champion=replace(p.champion, version=8)),
    "data digest": lambda p: replace(p, data_digest="sha256:other"),
    "notes": lambda p: replace(p, notes=()),
    "threshold": lambda p: replace(p, system=replace(p.system, thresholds=(0.85,))),
    "name of a place": lambda p: replace(
        p, system=replace(p.system, places=(replace(p.system.places[0], name="Southshire"), *p.system.places[1:]))
    ),
    "a mean in its last bit": lambda p: with_day(p, "RXA01/occupancy", 1, mean=1 / 3 + 2**-54),
    "a quantile": lambda p: with_day(p, "RXA01/occupancy", 2, quantiles=(1.0, 2.0, 3.0)),
    "order of the series": lambda p: replace(p, series=p.series[::-1]),
    "a series fewer": lambda p: with_series(p, "RXA01/occupancy", None),
    "model": lambda p: with_series(p, "RXA02/attendances", replace(p.series_by_id["RXA02/attendances"], model="Theta")),
    "fallback": lambda p: with_series(
        p, "RXA02/attendances", replace(p.series_by_id["RXA02/attendances"], fallback=True)
    ),
    "a finding": lambda p: replace(p, findings=(ONE_FINDING,)),
    "an actual": lambda p: with_series(p, "RXA02/attendances", replace(p.series_by_id["RXA02/attendances"], recent=())),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_any_other_change_changes_the_digest(change: Callable[[Publication], Publication]) -> None:
    assert digest(change(publication())) != digest(publication())
