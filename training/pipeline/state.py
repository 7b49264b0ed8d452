"""The saved state of a pipeline: means and fits under digests of their data.

A trained version carries one, and the last publication leaves one at home, so that the next forecast makes only what is
new or has changed. Nothing in a state can be out of date, and a state may be deleted.
"""

import json
import logging
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from training.files import write_atomically
from training.history.census_shares import CensusShares
from training.history.patient_flow import FlowSeries
from training.models import calendar_level, flow_balance
from training.models.boosting import FittedBoosting
from training.models.candidate import Key
from training.models.discharges import Hazard
from training.models.effects import Effects
from training.models.level import Level
from training.models.series_forecast import FittedETS
from training.pipeline.saved_means import SavedMeans, read_means, write_means

CLASSES: dict[str, type] = {
    "calendar level": calendar_level.FittedLevel,
    "flow balance": flow_balance.FittedFlows,
    "effects": Effects,
    "level": Level,
    "boosting": FittedBoosting,
    "exponential smoothing": FittedETS,
    "hazard": Hazard,
    "balance": FlowSeries,
    "census shares": CensusShares,
}
TRUSTED = [
    "training.models.regression.LogLagPoisson",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
"""Types other than those that skops trusts by itself: ours, and one of scikit-learn's that it does not know."""

PARTS, ARRAYS = "parts.json", "arrays.npz"
DUMPED: WeakKeyDictionary[BaseEstimator, NDArray[np.generic]] = WeakKeyDictionary()
"""The bytes of regressors that were read or written, which are written again each day until the next refit."""
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
        return {"regressor": _added(_dumped(value), arrays)}
    if is_dataclass(value) and not isinstance(value, type):
        name = next(name for name, its_class in CLASSES.items() if type(value) is its_class)
        return {"class": name, "fields": {f.name: _written(getattr(value, f.name), arrays) for f in fields(value)}}
    if isinstance(value, Mapping):  # of equally long arrays, by series: hundreds of them are one
        return {"by name": list(value), "array": _added(np.stack(list(value.values())), arrays)}
    if isinstance(value, list | tuple):
        return [_written(item, arrays) for item in value]
    raise TypeError(f"a fitted part holds a {type(value).__name__}, which is not written")


def _dumped(regressor: BaseEstimator) -> NDArray[np.generic]:
    from skops.io import dumps

    if regressor not in DUMPED:
        DUMPED[regressor] = np.frombuffer(dumps(regressor), dtype=np.uint8)
    return DUMPED[regressor]


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

        content = arrays[value["regressor"]]
        regressor: BaseEstimator = loads(content.tobytes(), trusted=TRUSTED)
        DUMPED[regressor] = content
        return regressor
    return arrays[cast(int, value["array"])]


FITS_FOLDER, MEANS_FILE = "fits", "means.parquet"


@dataclass(frozen=True)
class PipelineState:
    """Candidates' means in windows, and what they fitted, each under the digest of its data."""

    means: SavedMeans = field(default_factory=SavedMeans)
    fits: Mapping[Key, object] = field(default_factory=dict)

    def with_more(self, other: "PipelineState") -> "PipelineState":
        """Return all that either has."""
        means = SavedMeans()
        means.update(self.means)
        means.update(other.means)
        return PipelineState(means, {**self.fits, **other.fits})

    def write(self, folder: Path) -> None:
        """Write into a folder, which exists: Parquet, JSON and arrays."""
        save_fitted(self.fits, folder / FITS_FOLDER)
        write_means(self.means, folder / MEANS_FILE)


def read_state(folder: Path) -> PipelineState:
    """Return the state that was written into a folder."""
    return PipelineState(read_means(folder / MEANS_FILE), load_fitted(folder / FITS_FOLDER))


log = logging.getLogger("headroom")
CODE_FILE = "code.txt"
READ_ERRORS = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile)  # raised for files that are incomplete


class StateFolder:
    """A folder with the state of the newest publication; `code` is the version of the code that makes it."""

    def __init__(self, folder: Path, code: str) -> None:
        self._folder = folder
        self._code = code

    def read(self) -> PipelineState:
        """Return the state; an empty one where there is none, it is damaged, or other code made it."""
        try:
            if (self._folder / CODE_FILE).read_text(encoding="utf-8") != self._code:
                return PipelineState()
            return read_state(self._folder)
        except READ_ERRORS:
            return PipelineState()

    def write(self, state: PipelineState) -> None:
        """Replace the state, completely or not at all; a full disk is logged and ends nothing."""
        try:
            self._write(state)
        except OSError as error:
            log.warning(
                "Saving the state of the publication in %s: %s. It is made again next time.", self._folder, error
            )

    def _write(self, state: PipelineState) -> None:
        with write_atomically(self._folder) as fresh:
            fresh.mkdir()
            state.write(fresh)
            (fresh / CODE_FILE).write_text(self._code, encoding="utf-8")
