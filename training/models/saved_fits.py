"""Fitted parts of candidates in files of numbers and names: nothing is unpickled to load them.

Arrays go into one NumPy archive (pickles in it are rejected), scikit-learn's regressors into skops' format, of which
only trusted types are read, and everything else into JSON with classes of a closed list. See ADR 12.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from training.history.patient_flow import FlowSeries
from training.models import calendar_level, flow_balance
from training.models.candidate import Key
from training.models.discharges import Hazard
from training.models.effects import Effects
from training.models.level import Level

CLASSES: dict[str, type] = {
    "calendar level": calendar_level.FittedLevel,
    "flow balance": flow_balance.FittedFlows,
    "effects": Effects,
    "level": Level,
    "hazard": Hazard,
    "balance": FlowSeries,
}
TRUSTED = [
    "training.models.regression.LogLagPoisson",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
"""Types other than those that skops trusts by itself: ours, and one of scikit-learn's that it does not know."""

PARTS, ARRAYS = "parts.json", "arrays.npz"
Arrays = list[NDArray[np.generic]]
Json = object


def save_fitted(parts: Mapping[Key, object], folder: Path) -> None:
    """Write fitted parts into a new folder. Raises FileExistsError if it exists, TypeError for an unknown type."""
    arrays: Arrays = []
    written = [{"key": list(key), "part": _written(part, arrays)} for key, part in sorted(parts.items())]
    folder.mkdir(parents=True)
    (folder / PARTS).write_text(json.dumps(written), encoding="utf-8")
    np.savez_compressed(folder / ARRAYS, *arrays)


def load_fitted(folder: Path) -> dict[Key, object]:
    """Return the fitted parts of a folder. Raises ValueError where it holds anything else."""
    with np.load(folder / ARRAYS, allow_pickle=False) as archive:
        arrays = [archive[name] for name in archive.files]
    written = json.loads((folder / PARTS).read_text(encoding="utf-8"))
    return {tuple(entry["key"]): _read(entry["part"], arrays) for entry in written}


def _written(value: object, arrays: Arrays) -> Json:
    """Return the value as JSON; its arrays are appended to `arrays`, and referred to by position."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, np.ndarray):
        return {"array": _added(value, arrays)}
    if isinstance(value, BaseEstimator):
        from skops.io import dumps

        return {"regressor": _added(np.frombuffer(dumps(value), dtype=np.uint8), arrays)}
    if is_dataclass(value) and not isinstance(value, type):
        name = next(name for name, its_class in CLASSES.items() if type(value) is its_class)
        return {"class": name, "fields": {f.name: _written(getattr(value, f.name), arrays) for f in fields(value)}}
    if isinstance(value, Mapping):  # of equally long arrays, by series: hundreds of them are one
        return {"by name": list(value), "array": _added(np.stack(list(value.values())), arrays)}
    if isinstance(value, list | tuple):
        return [_written(item, arrays) for item in value]
    raise TypeError(f"a fitted part holds a {type(value).__name__}, which is not written")


def _added(array: NDArray[np.generic], arrays: Arrays) -> int:
    arrays.append(array)
    return len(arrays) - 1


def _read(value: Json, arrays: Arrays) -> object:
    if isinstance(value, list):
        return tuple(_read(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return CLASSES[value["class"]](**{name: _read(item, arrays) for name, item in value["fields"].items()})
    if "by name" in value:
        return dict(zip(value["by name"], arrays[value["array"]], strict=True))
    if "regressor" in value:
        from skops.io import loads

        return loads(arrays[value["regressor"]].tobytes(), trusted=TRUSTED)
    return arrays[cast(int, value["array"])]
