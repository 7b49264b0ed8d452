"""Pressure as JSON, in templates that are filled with the texts of numbers: a large system has two million."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from publication.days import target_day
from publication.model import Publication
from publication.pressure import SHORT_BY, Target
from publication.vocabulary import quantile_column
from service.queries.pressure import Aid, PlacePressure, rounded
from service.queries.scenario import Amounts
from service.queries.selection import Selection
from service.queries.system_pressure import PressureSelection, Ranking, Targets
from service.rendering.bodies import Json, json_bytes, json_value
from service.rendering.pressure_numbers import Filling, PressureNumbers

SHORT_NAMES = tuple(map(str, SHORT_BY))
NULL = "null"


class PressureFormat:
    """The names of numbers in bodies, and the days of a publication as text."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self.system = publication.system
        self.cutoff = publication.cutoff
        quantiles = selection.quantiles(publication.system)
        self.positions = [position for position, _ in quantiles]
        self.levels = [f"{level:g}" for _, level in quantiles]
        self.columns = [quantile_column(level) for _, level in quantiles]
        self.thresholds = [str(threshold) for threshold in publication.system.thresholds]
        self.numbers = PressureNumbers(publication, selection)
        self.day = cache(lambda position: target_day(publication.cutoff, position + 1).isoformat())

    def by_level(self, values: Sequence[float]) -> Json:
        """Return the selected quantiles, of a value for each of the system's levels."""
        return {name: rounded(values[i]) for name, i in zip(self.levels, self.positions, strict=True)}


def pressure_json(publication: Publication, wanted: PressureSelection, ranking: Ranking, days_over: int) -> bytes:
    """Return the members of the JSON of pressure, worst first, after that of its publication.

    The first `days_over` days of the publication are over, and nothing is advised for them.
    """
    what_if, targets = wanted.what_if, wanted.targets
    days_of = _days_as_json(form := PressureFormat(publication, wanted.series))
    before: Json = {
        "what_if": {"beds": _amounts(what_if.beds), "discharges": _amounts(what_if.discharges)},
        "targets": _targets(targets),
        "advice": _advice(publication, days_over),
    }
    places = b",".join(_place_pressure(form, place, days_of(place)) for place in ranking.places)
    after: Json = {"mutual_aid": [_aid(publication, aid, targets.aid) for aid in ranking.aid]}
    return b'%b,"places":[%b],%b' % (json_bytes(before)[:-1], places, json_bytes(after)[1:])


def _days_as_json(form: PressureFormat) -> Callable[[PlacePressure], str]:
    """Return a function that makes the days of a place, as items of a list."""
    quantiles, chances = _template(form.levels), f'"over":{_template(form.thresholds)},"short":{_template(SHORT_NAMES)}'
    level_text = cache(json_value)

    @cache
    def filling(shown: range, has_flow: bool) -> Filling:
        flow, n_numbers = quantiles if has_flow else NULL, form.numbers.n_texts(len(shown), has_flow=has_flow)
        template = ",".join(
            f'{{"ds":"{form.day(position)}","lead":{position + 1},"beds":%s,"occupancy":{quantiles},'
            f'"headroom":{quantiles},{chances},"level":%s,"net_flow":{flow}}}'
            for position in shown
        )
        order: list[int] = []
        for day, at in enumerate(form.numbers.positions(len(shown), has_flow=has_flow)):
            order += [at.beds, *at.occupancy, *at.headroom, *at.over, *at.short, n_numbers + day, *at.net_flow]
        return Filling(template, order)

    def days(pressure: PlacePressure) -> str:
        if not pressure.shown:
            return ""
        levels = [level_text(name) for name in pressure.level_names]
        has_flow = bool(pressure.of.net_flow)
        return filling(pressure.shown, has_flow).of([*form.numbers.texts(pressure), *levels])

    return days


def _template(names: Iterable[str]) -> str:
    """Return an object with these names, and a place for the text of each value."""
    return f"{{{','.join(f'{json_value(name)}:%s' for name in names)}}}"


def _place_pressure(form: PressureFormat, pressure: PlacePressure, days: str) -> bytes:
    before: Json = {
        **place_fields(form, pressure),
        "worst_day": None if pressure.worst is None else form.day(pressure.worst),
        "driver": pressure.driver,
        "discharges_needed": pressure.discharges_needed,
    }
    after: Json = {"peak": {str(peak.days): form.by_level(peak.quantiles) for peak in pressure.peaks}}
    return b'%b,"days":[%b],%b' % (json_bytes(before)[:-1], days.encode(), json_bytes(after)[1:])


def place_fields(form: PressureFormat, pressure: PlacePressure) -> Json:
    place = form.system.place_by_id[pressure.place]
    return {"place": place.id, "parent": place.parent, "name": place.name, "kind": place.kind}


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
        f"over_{target.rate:g}_before": rounded(aid.before),
        f"over_{target.rate:g}_after": rounded(aid.after),
    }


def _amounts(amounts: Amounts) -> Json:
    return {place: int(amount) if amount.is_integer() else amount for place, amount in amounts}
