"""The measures every system knows, those it declares itself, and those its sources deliver."""

from collections.abc import Iterable

from publication.model import Measure
from publication.vocabulary import Kind
from training.system.schema import DeclaredMeasure, SourceTable

BUILT_IN = (
    Measure("attendances", Kind.FLOW, "patients"),
    Measure("admissions", Kind.FLOW, "patients"),
    Measure("discharges", Kind.FLOW, "patients"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
DEFAULT_UNIT = {Kind.FLOW: "patients", Kind.STOCK: "beds", Kind.CAPACITY: "beds"}


def known_measures(declared: dict[str, DeclaredMeasure]) -> dict[str, Measure]:
    """Built-in measures in their order, then the declared ones. Raises ValueError when a built-in changes its kind."""
    known = {measure.name: measure for measure in BUILT_IN}
    for name, table in declared.items():
        kind = Kind(table.kind)
        if name in known and known[name].kind is not kind:
            raise ValueError(
                f"measures.{name}.kind: found {table.kind!r}, but {name} is built in as a {known[name].kind}. "
                "Leave the table out, or give the measure another name."
            )
        unit = table.unit or (known[name].unit if name in known else DEFAULT_UNIT[kind])
        known[name] = Measure(name, kind, unit)
    return known


def delivered_measures(known: dict[str, Measure], sources: Iterable[SourceTable]) -> tuple[Measure, ...]:
    """Of the known measures those that a source maps; all of them where a long source may bring any."""
    sources = list(sources)
    if any(source.measures is None for source in sources):
        return tuple(known.values())
    mapped = {name for source in sources for name in source.measures or {}}
    return tuple(measure for measure in known.values() if measure.name in mapped)
