"""The registered model as MLflow loads and serves it: the version applied to a history, by the pipeline that publishes.

MLflow runs this file when it loads the model: nothing is unpickled.
"""

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.pipeline.forecaster import Forecaster
from training.tracking.versions import read_complete

KNOWN_AT = "known_at"


class VersionModel(PythonModel):
    """Given `unique_id, ds, y` and where there is one `known_at`, the rows that would be published for the last day."""

    def load_context(self, context: PythonModelContext) -> None:
        self._version, self._state = read_complete(Path(context.artifacts["version"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, object] | None = None
    ) -> pd.DataFrame:
        """Return a row per series and lead after the last day of the input, as `headroom publish` makes them of it."""
        system, cutoff = self._version.system, pd.Timestamp(model_input["ds"].max())
        forecaster = Forecaster(self._history(model_input, cutoff), system.horizon_days, state=self._state)
        return forecaster.forecast(self._version.recipe, cutoff).rows(system.quantiles)

    def _history(self, rows: pd.DataFrame, cutoff: pd.Timestamp) -> PointInTimeHistory:
        system, declared = self._version.system, self._version.context
        if KNOWN_AT not in rows or rows[KNOWN_AT].isna().any():
            return known_at_day_end(rows[["unique_id", "ds", "y"]], system, declared)
        rows = rows.assign(known_at=pd.to_datetime(rows[KNOWN_AT], utc=True))
        return PointInTimeHistory(rows, system, cutoff, declared)


set_model(VersionModel())
