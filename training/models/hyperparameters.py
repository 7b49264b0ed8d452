"""Hyper-parameters of candidates, and values of what they fitted, as text: runs are compared by them."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Protocol, runtime_checkable

LIBRARY = "statsforecast"


@runtime_checkable
class HasSettings(Protocol):
    """A candidate with hyper-parameters that are chosen, not fitted."""

    @property
    def settings(self) -> Mapping[str, object]:
        """The hyper-parameters by name."""
        ...


@runtime_checkable
class HasFittedValues(Protocol):
    """A fitted part with a few values, of the many that it may have, for a person to compare."""

    @property
    def fitted_values(self) -> Mapping[str, object]:
        """The values by name."""
        ...


def listed(values: Iterable[object]) -> str:
    """Return values as one text: `1, 2, 7`."""
    return ", ".join(map(str, values))


def described(model: object) -> str:
    """Return a model as it would be made, without defaults: `AutoETS(season_length=7, model='ZNZ')`."""
    if isinstance(model, list):
        return f"[{listed(map(described, model))}]"
    if not type(model).__module__.startswith(LIBRARY):  # whose models would give their name alone
        return " ".join(repr(model).split())
    defaults = {name: parameter.default for name, parameter in signature(type(model)).parameters.items()}
    values = {name: getattr(model, name, default) for name, default in defaults.items()}
    changed = (f"{name}={described(value)}" for name, value in values.items() if value not in (defaults[name], {}))
    return f"{type(model).__name__}({listed(changed)})"
