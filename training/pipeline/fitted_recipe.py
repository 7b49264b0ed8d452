"""A recipe as it was fitted for one cutoff: the parameters that a person compares, and the weights of its ensembles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.calibration.scale import bands
from training.models.candidate import Key
from training.models.catalogue import CATALOGUE
from training.models.hyperparameters import HasFittedValues, HasSettings, listed
from training.pipeline.forecast import Recipe
from training.pipeline.means import EnsembleWeights, members_of, with_members


@dataclass(frozen=True)
class FittedRecipe:
    """The `parameters` by name, and for each measure with an ensemble the `weights` of its members, wide.

    Weights are (horizon, n_members), by lead; they are means over the series of the measure.
    """

    parameters: Mapping[str, object]
    weights: Mapping[str, pd.DataFrame]


def fitted_recipe(recipe: Recipe, fits: Mapping[Key, object], weights: EnsembleWeights) -> FittedRecipe:
    """Return the recipe with the values of the fits, and the weights."""
    of_measures = _mean_weights(recipe, weights)
    parameters = {
        **_names(recipe),
        **{f"weights/{measure}/{leads}": text for measure, w in of_measures.items() for leads, text in _by_band(w)},
        **_settings(recipe),
        **_fitted_values(recipe, fits),
    }
    return FittedRecipe(parameters, of_measures)


def _names(recipe: Recipe) -> dict[str, str]:
    """Return the candidate of the recipe, or that of each measure, and their members."""
    names = list(dict.fromkeys(recipe.values()))
    members = listed(dict.fromkeys(member for name in names for member in members_of(name)))
    candidate = names[0] if len(names) == 1 else listed(f"{measure}: {name}" for measure, name in recipe.items())
    return {"candidate": candidate, **({"members": members} if members else {})}


def _settings(recipe: Recipe) -> dict[str, object]:
    """Return `settings/candidate/setting` to value, of the candidates and their members."""
    configured = ((name, CATALOGUE[name]) for name in with_members(recipe.values()))
    return {
        f"settings/{name}/{setting}": value
        for name, candidate in configured
        if isinstance(candidate, HasSettings)
        for setting, value in candidate.settings.items()
    }


def _fitted_values(recipe: Recipe, fits: Mapping[Key, object]) -> dict[str, object]:
    """Return `fitted/candidate/measure/name` to value, of the candidates and their members.

    A fit of all measures has no measure in its names.
    """
    names = set(with_members(recipe.values()))
    return {
        "/".join(["fitted", name, *subject[:1], value_name]): value
        for (name, _, *subject, _), part in sorted(fits.items(), key=lambda item: item[0])
        if name in names and isinstance(part, HasFittedValues)
        for value_name, value in part.fitted_values.items()
    }


def _mean_weights(recipe: Recipe, weights: EnsembleWeights) -> dict[str, pd.DataFrame]:
    found = {}
    for measure, name in recipe.items():
        if (name, measure) in weights:
            values = weights[name, measure].by_series.mean(axis=1)
            leads = pd.RangeIndex(1, len(values) + 1, name="lead")
            found[measure] = pd.DataFrame(values, leads, list(members_of(name)))
    return found


def _by_band(weights: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each band of leads with the weights there in text; a member without a weight is left out."""
    return [
        (
            f"leads {leads.start + 1:02d}-{leads.stop:02d}",
            listed(f"{member} {w:.2f}" for member, w in weights.iloc[leads].mean().items() if np.round(w, 2) > 0),
        )
        for leads in bands(len(weights))
    ]
