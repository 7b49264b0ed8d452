"""The one pipeline: what a backtest evaluates and what a publication serves are both made here."""

from training.pipeline.forecast import Forecast, Recipe
from training.pipeline.forecaster import Forecaster

__all__ = ["Forecast", "Forecaster", "Recipe"]
