"""Registered models: one for each system; the alias `champion` names the version that publishes."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from publication.model import Champion
from publication.vocabulary import CHALLENGER, CHAMPION
from training.errors import NothingPublishedError, OutOfReachError, UsageError
from training.tracking.client import reach

MODEL = "model"
RECIPE = "recipe.json"
MODEL_CODE = Path(__file__).parent / "pyfunc_model.py"
PREVIOUS = "headroom.previous_champion"
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Registered:
    """A registered version: what a publication names, and all that was kept of its training."""

    champion: Champion
    recipe: Mapping[str, str]
    scores: Mapping[str, float]
    champion_scores: Mapping[str, float] | None
    compared_with: int | None


class Registry:
    """The versions of one system's model. Every method raises OutOfReachError when MLflow does not answer."""

    def __init__(self, tracking_uri: str, system: str) -> None:
        self._uri = tracking_uri
        self._name = system
        with reach(tracking_uri):
            self._client = MlflowClient(tracking_uri, tracking_uri)

    def register(
        self, run_id: str, description: Mapping[str, object], example: pd.DataFrame, answer: pd.DataFrame
    ) -> int:
        """Log the description as a model of the active run and register it as the challenger; gives its version."""
        with reach(self._uri), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # hints on input examples and on integers that may be missing
            mlflow.log_dict(dict(description), RECIPE)
            recipe = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=RECIPE)
            logged = mlflow.pyfunc.log_model(
                name=MODEL,
                python_model=str(MODEL_CODE),
                artifacts={"recipe": recipe},
                signature=infer_signature(example, answer),
                registered_model_name=self._name,
                pip_requirements=["headroom-forecast[training]"],
            )
            version = int(logged.registered_model_version)
            self._client.set_registered_model_alias(self._name, CHALLENGER, str(version))
        return version

    def champion(self) -> Registered | None:
        """The version that publishes, if there is one."""
        return self._aliased(CHAMPION)

    def challenger(self) -> Registered | None:
        """The version that asks to publish, if there is one."""
        return self._aliased(CHALLENGER)

    def publishing(self) -> Registered:
        """The champion. Raises NothingPublishedError when there is none."""
        champion = self.champion()
        if champion is None:
            raise NothingPublishedError(
                f"Publishing {self._name}: no version is the champion. Run `headroom train`, then `headroom promote`."
            )
        return champion

    def promote(self, challenger: Registered, tags: Mapping[str, str]) -> None:
        """Move the champion alias to the challenger, remembering which version had it."""
        version, before = str(challenger.champion.version), self.champion()
        with reach(self._uri):
            remembered = {} if before is None else {PREVIOUS: str(before.champion.version)}
            for key, value in {**tags, **remembered}.items():
                self._client.set_model_version_tag(self._name, version, key, value)
            self._client.set_registered_model_alias(self._name, CHAMPION, version)
            self._client.delete_registered_model_alias(self._name, CHALLENGER)

    def roll_back(self) -> Champion:
        """Move the champion alias to the version that had it before. Raises UsageError when there is none."""
        now = self.publishing().champion
        with reach(self._uri):
            tags = self._client.get_model_version(self._name, str(now.version)).tags
        if PREVIOUS not in tags:
            raise UsageError(
                f"Rolling back {self._name}: version {now.version} followed no other, so there is no step back."
            )
        with reach(self._uri):
            self._client.set_registered_model_alias(self._name, CHAMPION, tags[PREVIOUS])
        return self.publishing().champion

    def _aliased(self, alias: str) -> Registered | None:
        with reach(self._uri):
            try:
                version = self._client.get_model_version_by_alias(self._name, alias)
            except MlflowException as error:
                if error.error_code in NOT_FOUND:
                    return None
                raise
            return self._registered(version)

    def _registered(self, version: ModelVersion) -> Registered:
        if version.run_id is None:
            raise OutOfReachError(
                f"Version {version.version} of {self._name} has no run: it was not made by `headroom train`."
            )
        kept = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{RECIPE}")
        return Registered(
            champion=Champion(self._name, int(version.version), version.run_id),
            recipe=kept["recipe"],
            scores=kept["scores"],
            champion_scores=kept["champion_scores"],
            compared_with=kept["compared_with"],
        )
