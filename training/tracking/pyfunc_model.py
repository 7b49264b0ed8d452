"""The registered model as MLflow loads and serves it: the recipe applied to a history, by the pipeline that publishes.

MLflow runs this file when it loads the model: nothing is unpickled.
"""

import json
from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from publication.records import system_of
from training.history.known import known_at_day_end
from training.pipeline import Forecaster
from training.system import Circumstances


class RecipeModel(PythonModel):
    """Given `unique_id, ds, y` up to a cutoff, the rows that would be published for it."""

    def load_context(self, context: PythonModelContext) -> None:
        self._kept = json.loads(Path(context.artifacts["recipe"]).read_text(encoding="utf-8"))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, object] | None = None
    ) -> pd.DataFrame:
        """One row per series and lead after the last day of the input."""
        system = system_of(self._kept["system"])
        cutoff = pd.Timestamp(model_input["ds"].max())
        history = known_at_day_end(model_input, system, Circumstances(self._kept["holidays"]))
        forecaster = Forecaster(history, system.horizon_days)
        return forecaster.forecast(self._kept["recipe"], cutoff).rows(system.quantiles)


set_model(RecipeModel())
