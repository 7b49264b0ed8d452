"""Registered models: one for each system; the alias `champion` names the version that publishes.

A version is complete before an alias names it, and an alias moves in one step: whenever a job is killed, the champion
is a version that can publish. A version that a killed job left incomplete has no alias; the next training deletes it.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.models.signature import infer_signature
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import AnyType

from publication.model import Champion
from publication.vocabulary import CHALLENGER, CHAMPION
from training.errors import NothingPublishedError, OutOfReachError, UsageError, VersionUnreadableError
from training.pipeline.state import READ_ERRORS, PipelineState
from training.tracking.client import out_of_reach, reach
from training.tracking.versions import DESCRIPTION_FILE, LoadedModel, ModelCache, Version, read_version, write_version

MODEL_NAME, ARTIFACTS_FOLDER, VERSION_FOLDER = "model", "artifacts", "version"
MODEL_CODE = Path(__file__).parent / "pyfunc_model.py"
PREVIOUS_TAG, COMPLETE_TAG = "headroom.previous_champion", "headroom.complete"
SINCE_TAG = "headroom.champion_since"
REPLACE_ADVICE = (
    "Run `headroom train`, then `headroom promote`; where no other can publish, `headroom daily` does both."
)
NOT_FOUND_CODES = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
ANY_TYPE = AnyType()  # type: ignore[no-untyped-call]
INPUT_SCHEMA = Schema(
    [
        ColSpec("string", "unique_id"),
        ColSpec("datetime", "ds"),
        ColSpec("double", "y"),
        ColSpec(ANY_TYPE, "known_at", required=False),  # an instant, which MLflow has no type for
    ]
)


@dataclass(frozen=True)
class Registered:
    """A registered version: its reference, as a publication names it, and its description."""

    ref: Champion
    version: Version


class Registry:
    """The versions of one system's model.

    Every method raises OutOfReachError when MLflow does not answer. What reads a version raises VersionUnreadableError,
    a kind of OutOfReachError, when MLflow answers and the version's files are lost, damaged or of another release.
    """

    def __init__(self, tracking_uri: str, system: str, cache: ModelCache) -> None:
        self._uri = tracking_uri
        self._name = system
        self._cache = cache
        with reach(tracking_uri):
            self._client = MlflowClient(tracking_uri, tracking_uri)

    def register(self, version: Version, state: PipelineState, example: pd.DataFrame, answer: pd.DataFrame) -> int:
        """Log the version as a model of the active run, register it as the challenger, and return its number."""
        with reach(self._uri), warnings.catch_warnings(), TemporaryDirectory() as temporary:
            warnings.simplefilter("ignore", UserWarning)  # hints on integers that may be missing
            folder = Path(temporary) / VERSION_FOLDER
            write_version(version, state, folder)
            mlflow.log_artifact(str(folder / DESCRIPTION_FILE))
            logged = mlflow.pyfunc.log_model(
                name=MODEL_NAME,
                python_model=str(MODEL_CODE),
                artifacts={VERSION_FOLDER: str(folder)},
                signature=ModelSignature(INPUT_SCHEMA, infer_signature(answer).inputs),
                input_example=example,
                registered_model_name=self._name,
                pip_requirements=["headroom-forecast[training]"],
            )
            number = str(logged.registered_model_version)
            self._client.update_model_version(self._name, number, _summary(version))
            self._client.set_model_version_tag(self._name, number, COMPLETE_TAG, "yes")
            self._client.set_registered_model_alias(self._name, CHALLENGER, number)
        return int(number)

    def champion(self) -> Registered | None:
        """Return the version that publishes, if there is one."""
        return self._aliased(CHAMPION)

    def named_champion(self) -> Champion | None:
        """Return the reference of the version with the champion alias, if there is one; its files are not read."""
        version = self._version_of(CHAMPION)
        return None if version is None else self._named(version)

    def challenger(self) -> Registered | None:
        """Return the version with the challenger alias, if there is one that is not the champion."""
        found = self._aliased(CHALLENGER)
        champion = None if found is None else self.named_champion()
        return None if champion is not None and found and found.ref == champion else found

    def load_champion(self) -> LoadedModel:
        """Return the champion with its state. Raises NothingPublishedError when there is none."""
        champion = self.named_champion()
        if champion is None:
            raise self._no_champion("Publishing")
        loaded = self._load(champion)
        self._cache.set_champion(champion)
        return loaded

    def promote(self, challenger: Registered, tags: Mapping[str, str], since: str) -> None:
        """Move the champion alias to the challenger, and record the version that had it.

        Before that the version is fetched and read: a version that cannot be read cannot publish.
        """
        number, before = str(challenger.ref.version), self.named_champion()
        self._load(challenger.ref)
        with reach(self._uri):
            previous = {} if before is None else {PREVIOUS_TAG: str(before.version)}
            for key, value in {**tags, **previous, SINCE_TAG: since}.items():
                self._client.set_model_version_tag(self._name, number, key, value)
            self._client.set_registered_model_alias(self._name, CHAMPION, number)
            self._client.delete_registered_model_alias(self._name, CHALLENGER)
        self._cache.set_champion(challenger.ref)

    def roll_back(self) -> tuple[Champion, Registered]:
        """Move the champion alias to the version that had it before; return the versions that had it and have it.

        The present champion need not be readable, the one before must be. Raises UsageError when there is none.
        """
        now = self.named_champion()
        if now is None:
            raise self._no_champion("Rolling back")
        with reach(self._uri):
            tags = self._client.get_model_version(self._name, str(now.version)).tags
        if PREVIOUS_TAG not in tags:
            raise UsageError(
                f"Rolling back {self._name}: version {now.version} followed no other, so there is no step back."
            )
        try:
            before = self._registered(self._numbered(tags[PREVIOUS_TAG]))
            self._load(before.ref)
        except VersionUnreadableError as error:
            stays = f"Rolling back {self._name}: version {now.version} stays the champion."
            raise VersionUnreadableError(f"{stays} {error.found}", error.advice) from error
        with reach(self._uri):
            self._client.set_registered_model_alias(self._name, CHAMPION, tags[PREVIOUS_TAG])
        self._cache.set_champion(before.ref)
        return now, before

    def prune_versions(self) -> list[int]:
        """Delete the versions that a killed job left incomplete, and return their numbers."""
        with reach(self._uri):
            found = self._client.search_model_versions(f"name = '{self._name}'")
            named = {int(v) for v in self._aliases().values()}
            half = sorted(int(v.version) for v in found if COMPLETE_TAG not in v.tags and int(v.version) not in named)
            for number in half:
                self._client.delete_model_version(self._name, str(number))
        return half

    def _aliases(self) -> Mapping[str, str]:
        try:
            return dict(self._client.get_registered_model(self._name).aliases)
        except MlflowException as error:
            if error.error_code in NOT_FOUND_CODES:
                return {}
            raise

    def _no_champion(self, doing: str) -> NothingPublishedError:
        return NothingPublishedError(
            f"{doing} {self._name}: no version is the champion. Run `headroom train`, then `headroom promote`."
        )

    def _unreadable(self, number: int | str, reason: str) -> VersionUnreadableError:
        return VersionUnreadableError(f"Version {number} of {self._name} cannot be read: {reason}.", REPLACE_ADVICE)

    def _load(self, champion: Champion) -> LoadedModel:
        """Return the version with its state; a damaged copy at home is fetched again."""
        try:
            return self._cache.read(champion, self._fetch(champion))
        except READ_ERRORS:
            fetched = self._fetch(champion, again=True)
        try:
            return self._cache.read(champion, fetched)
        except READ_ERRORS as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
            raise self._unreadable(
                champion.version, f"its files are damaged, or of another release ({reason})"
            ) from error

    def _fetch(self, champion: Champion, again: bool = False) -> Path:
        """Return the folder of the version's files at home."""

        def download(into: Path) -> Path:
            model = self._download(champion, f"models:/{self._name}/{champion.version}", ARTIFACTS_FOLDER, into)
            return model / VERSION_FOLDER

        return self._cache.fetch(champion, download, again)

    def _read_version(self, champion: Champion) -> Version:
        """Return the version without its state: of the copy at home where there is one, else from MLflow."""
        described = self._cache.description(champion)
        if described is not None:
            return described
        with TemporaryDirectory() as temporary:
            file = self._download(champion, f"runs:/{champion.run_id}", DESCRIPTION_FILE, Path(temporary))
            try:
                return read_version(file.parent)
            except ValueError as error:
                reason = str(error).splitlines()[0]
                raise self._unreadable(champion.version, f"it is of another release of Headroom ({reason})") from error

    def _download(self, champion: Champion, folder: str, name: str, into: Path) -> Path:
        """Return the path of a downloaded file or folder `name` from a folder of MLflow's."""
        try:
            return Path(mlflow.artifacts.download_artifacts(f"{folder}/{name}", dst_path=str(into)))
        except Exception as error:
            if _is_lost(folder, name):
                reason = f"MLflow has lost its files ({folder}/{name}), and there is no copy at home"
                raise self._unreadable(champion.version, reason) from error
            raise out_of_reach(self._uri, error) from error

    def _aliased(self, alias: str) -> Registered | None:
        version = self._version_of(alias)
        return None if version is None else self._registered(version)

    def _version_of(self, alias: str) -> ModelVersion | None:
        with reach(self._uri):
            try:
                return self._client.get_model_version_by_alias(self._name, alias)
            except MlflowException as error:
                if error.error_code in NOT_FOUND_CODES:
                    return None
                raise

    def _named(self, version: ModelVersion) -> Champion:
        if version.run_id is None:
            raise OutOfReachError(
                f"Version {version.version} of {self._name} has no run: it was not made by `headroom train`."
            )
        return Champion(self._name, int(version.version), version.run_id)

    def _numbered(self, number: str) -> ModelVersion:
        with reach(self._uri):
            try:
                return self._client.get_model_version(self._name, number)
            except MlflowException as error:
                if error.error_code in NOT_FOUND_CODES:
                    raise self._unreadable(number, "MLflow has no such version any more") from error
                raise

    def _registered(self, version: ModelVersion) -> Registered:
        champion = self._named(version)
        return Registered(champion, self._read_version(champion))


def _is_lost(folder: str, name: str) -> bool:
    """Return whether MLflow answers that the folder has nothing of that name."""
    try:
        files = mlflow.artifacts.list_artifacts(f"{folder}/")
    except Exception:  # noqa: BLE001  no answer is no evidence that nothing is there
        return False
    return name not in {PurePosixPath(file.path).name for file in files}


def _summary(version: Version) -> str:
    """Return the description of a version in MLflow's list."""
    recipe = ", ".join(f"{measure}: {name}" for measure, name in version.recipe.items())
    return f"Trained to {version.trained_to}. {recipe}."
