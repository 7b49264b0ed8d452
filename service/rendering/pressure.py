"""Pressure as JSON and as a table."""

from collections.abc import Iterable, Iterator, Sequence

from publication.days import target_day
from publication.model import Publication
from publication.pressure import SHORT_BY, Target
from publication.vocabulary import COMPUTED_DECIMALS, quantile_column
from service.queries.pressure import Aid, PlacePressure
from service.queries.scenario import Amounts
from service.queries.selection import Selection
from service.queries.system_pressure import PressureSelection, Ranking, Targets
from service.rendering.bodies import Json, json_bytes
from service.rendering.tables import Table

SHORT_NAMES = tuple(map(str, SHORT_BY))


class PressureForm:
    """The shown days and quantiles of a request, under the names that bodies have for them."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self.system = publication.system
        self.cutoff = publication.cutoff
        quantiles = selection.quantiles(publication.system)
        self.positions = [position for position, _ in quantiles]
        self.levels = [f"{level:g}" for _, level in quantiles]
        self.columns = [quantile_column(level) for _, level in quantiles]
        self.thresholds = [str(threshold) for threshold in publication.system.thresholds]

    def by_level(self, values: Sequence[float]) -> Json:
        """Return the selected quantiles, of a value for each of the system's levels."""
        return {name: _rounded(values[i]) for name, i in zip(self.levels, self.positions, strict=True)}

    def cells(self, values: Sequence[float]) -> list[float]:
        return [_rounded(values[i]) for i in self.positions]


def pressure_json(publication: Publication, wanted: PressureSelection, ranking: Ranking, days_over: int) -> bytes:
    """Return the members of the JSON of pressure, worst first, after that of its publication.

    The first `days_over` days of the publication are over, and nothing is advised for them.
    """
    what_if, targets = wanted.what_if, wanted.targets
    form = PressureForm(publication, wanted.series)
    before: Json = {
        "what_if": {"beds": _amounts(what_if.beds), "discharges": _amounts(what_if.discharges)},
        "targets": _targets(targets),
        "advice": _advice(publication, days_over),
    }
    places = b",".join(json_bytes(_place_pressure(form, place)) for place in ranking.places)
    after: Json = {"mutual_aid": [_aid(publication, aid, targets.aid) for aid in ranking.aid]}
    return b'%b,"places":[%b],%b' % (json_bytes(before)[:-1], places, json_bytes(after)[1:])


PRESSURE_PLACE_COLUMNS = ("rank", "place", "parent", "name", "kind", "cutoff")


def pressure_table(publication: Publication, wanted: PressureSelection, ranking: Ranking) -> Table:
    """Return a row for each place and day, worst place first. What is advised stands in the row of the worst day."""
    form = PressureForm(publication, wanted.series)
    columns = (
        *PRESSURE_PLACE_COLUMNS,
        *("ds", "lead", "beds"),
        *(f"{name}_{level}" for name in ("occupancy", "headroom", "net_flow") for level in form.columns),
        *(f"over_{threshold}" for threshold in form.thresholds),
        *(f"short_{beds}" for beds in SHORT_BY),
        *("level", "is_worst_day", "driver", "discharges_needed"),
    )
    rows = (row for rank, place in enumerate(ranking.places, start=1) for row in _rows(form, rank, place))
    return Table(columns, rows)


def _rows(form: PressureForm, rank: int, pressure: PlacePressure) -> Iterator[tuple[object, ...]]:
    place = form.system.place_by_id[pressure.place]
    of_place = (rank, place.id, place.parent, place.name, place.kind, form.cutoff.isoformat())
    no_flow = [None] * len(form.positions)
    for position, day in zip(pressure.shown, pressure.days, strict=True):
        is_worst = position == pressure.worst
        yield (
            *of_place,
            target_day(form.cutoff, position + 1).isoformat(),
            position + 1,
            _rounded(day.beds),
            *form.cells(day.occupancy),
            *form.cells(day.headroom),
            *(form.cells(day.net_flow) if day.net_flow else no_flow),
            *map(_rounded, day.over),
            *map(_rounded, day.short),
            None if day.level is None else day.level.name,
            is_worst,
            pressure.driver if is_worst else None,
            pressure.discharges_needed if is_worst else None,
        )


def _place_pressure(form: PressureForm, pressure: PlacePressure) -> Json:
    place, cutoff = form.system.place_by_id[pressure.place], form.cutoff
    return {
        "place": place.id,
        "parent": place.parent,
        "name": place.name,
        "kind": place.kind,
        "worst_day": None if pressure.worst is None else target_day(cutoff, pressure.worst + 1).isoformat(),
        "driver": pressure.driver,
        "discharges_needed": pressure.discharges_needed,
        "days": [
            {
                "ds": target_day(cutoff, position + 1).isoformat(),
                "lead": position + 1,
                "beds": _rounded(day.beds),
                "occupancy": form.by_level(day.occupancy),
                "headroom": form.by_level(day.headroom),
                "over": _named(form.thresholds, day.over),
                "short": _named(SHORT_NAMES, day.short),
                "level": None if day.level is None else day.level.name,
                "net_flow": form.by_level(day.net_flow) if day.net_flow else None,
            }
            for position, day in zip(pressure.shown, pressure.days, strict=True)
        ],
        "peak": {str(peak.days): form.by_level(peak.quantiles) for peak in pressure.peaks},
    }


def _advice(publication: Publication, days_over: int) -> Json:
    """Return from which day on places are ranked and advised, and a note where days of the publication are over."""
    first, horizon = target_day(publication.cutoff, days_over + 1), publication.system.horizon_days
    if days_over >= horizon:
        note = f"Every day of this publication is over: the last was {target_day(publication.cutoff, horizon)}."
        return {"from": None, "stale": True, "note": f"{note} Places are in no order, and nothing is advised."}
    if not days_over:
        return {"from": first.isoformat(), "stale": False, "note": None}
    over = "1 day" if days_over == 1 else f"{days_over} days"
    verb = "is" if days_over == 1 else "are"
    note = f"{over} of this publication {verb} over: places are ranked and advised from {first} on."
    return {"from": first.isoformat(), "stale": False, "note": note}


def _targets(targets: Targets) -> Json:
    """Return the targets under the names of their parameters."""
    return {
        "rate": targets.discharges.rate,
        "confidence": targets.discharges.confidence,
        "aid_rate": targets.aid.rate,
        "aid_confidence": targets.aid.confidence,
    }


def _aid(publication: Publication, aid: Aid, target: Target) -> Json:
    return {
        "from": aid.donor,
        "to": aid.receiver,
        "ds": target_day(publication.cutoff, aid.day + 1).isoformat(),
        "beds": aid.beds,
        f"over_{target.rate:g}_before": _rounded(aid.before),
        f"over_{target.rate:g}_after": _rounded(aid.after),
    }


def _amounts(amounts: Amounts) -> Json:
    return {place: int(amount) if amount.is_integer() else amount for place, amount in amounts}


def _named(names: Iterable[str], values: Iterable[float]) -> Json:
    return {name: _rounded(value) for name, value in zip(names, values, strict=True)}


def _rounded(value: float) -> float:
    """Return a computed value, a shifted count or a chance, with as many decimals as a published one."""
    return round(value, COMPUTED_DECIMALS)
