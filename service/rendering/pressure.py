"""Pressure as JSON."""

from collections.abc import Iterable

from publication.days import target_day
from publication.model import Publication
from publication.pressure import SHORT_BY
from service.queries.pressure import Aid, PlacePressure, mutual_aid, rank_by_pressure
from service.queries.scenario import Amounts, Scenario, apply_scenario
from service.queries.selection import Selection
from service.rendering.bodies import Json

COMPUTED_DECIMALS = 4


def pressure_body(publication: Publication, selection: Selection, what_if: Scenario, days_over: int) -> Json:
    """Return the pressure of the selected places under a scenario, worst first, and mutual aid that would lower it.

    The first `days_over` days of the publication are over, and nothing is advised for them.
    """
    headroom = apply_scenario(publication, what_if, days_over)
    ranked = rank_by_pressure(publication, [of.first(selection.horizon) for of in headroom], days_over)
    shown = selection.place_ids(publication.system)
    return {
        "what_if": {"beds": _amounts(what_if.beds), "discharges": _amounts(what_if.discharges)},
        "advice": _advice(publication, days_over),
        "places": [_place_pressure(publication, place) for place in ranked if place.place in shown],
        "mutual_aid": [
            _aid(publication, aid)
            for aid in mutual_aid(publication, ranked, headroom)
            if aid.donor in shown and aid.receiver in shown
        ],
    }


def _place_pressure(publication: Publication, pressure: PlacePressure) -> Json:
    place, cutoff = publication.system.place_by_id[pressure.place], publication.cutoff
    names = [f"{level:g}" for level in publication.system.quantiles]
    thresholds = [str(threshold) for threshold in publication.system.thresholds]
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
                "ds": target_day(cutoff, lead).isoformat(),
                "lead": lead,
                "beds": _rounded(day.beds),
                "occupancy": _named(names, day.occupancy),
                "headroom": _named(names, day.headroom),
                "over": _named(thresholds, day.over),
                "short": _named(map(str, SHORT_BY), day.short),
                "level": None if day.level is None else day.level.name,
                "net_flow": _named(names, day.net_flow) if day.net_flow else None,
            }
            for lead, day in enumerate(pressure.days, start=1)
        ],
        "peak": {str(peak.days): _named(names, peak.quantiles) for peak in pressure.peaks},
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


def _aid(publication: Publication, aid: Aid) -> Json:
    return {
        "from": aid.donor,
        "to": aid.receiver,
        "ds": target_day(publication.cutoff, aid.day + 1).isoformat(),
        "beds": aid.beds,
        "over_0.95_before": _rounded(aid.before),
        "over_0.95_after": _rounded(aid.after),
    }


def _amounts(amounts: Amounts) -> Json:
    return {place: int(amount) if amount.is_integer() else amount for place, amount in amounts}


def _named(names: Iterable[str], values: Iterable[float]) -> Json:
    return {name: _rounded(value) for name, value in zip(names, values, strict=True)}


def _rounded(value: float) -> float:
    """Return a computed value, a shifted count or a chance, with as many decimals as a published one."""
    return round(value, COMPUTED_DECIMALS)
