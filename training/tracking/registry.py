"""Registered models: one for each system; the alias `champion` names the version that publishes.

A version is whole before an alias names it, and an alias moves in one step: whenever a job is killed, the champion is a
version that can publish. What a killed job left half-done has no alias, and the next training clears it away.
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
from training.pipeline.state import State
from training.tracking.client import out_of_reach, reach
from training.tracking.versions import DAMAGED, DESCRIPTION, LoadedModel, ModelCache, Version, read_version, write

MODEL, ARTIFACTS, VERSION = "model", "artifacts", "version"
MODEL_CODE = Path(__file__).parent / "pyfunc_model.py"
PREVIOUS, WHOLE, SINCE = "headroom.previous_champion", "headroom.whole", "headroom.champion_since"
REPLACE_IT = "Run `headroom train`, then `headroom promote`; where no other can publish, `headroom daily` does both."
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
ANY = AnyType()  # type: ignore[no-untyped-call]
INPUT = Schema(
    [
        ColSpec("string", "unique_id"),
        ColSpec("datetime", "ds"),
        ColSpec("double", "y"),
        ColSpec(ANY, "known_at", required=False),  # an instant, which MLflow has no type for
    ]
)


@dataclass(frozen=True)
class Registered:
    """A registered version: what a publication names, and what it was trained on and how it did."""

    champion: Champion
    version: Version


class Registry:
    """The versions of one system's model.

    Every method raises OutOfReachError when MLflow does not answer. What reads a version raises VersionUnreadableError,
    a kind of that, when MLflow answers and the version's files are lost, damaged or of another release.
    """

    def __init__(self, tracking_uri: str, system: str, champions: ModelCache) -> None:
        self._uri = tracking_uri
        self._name = system
        self._champions = champions
        with reach(tracking_uri):
            self._client = MlflowClient(tracking_uri, tracking_uri)

    def register(self, version: Version, state: State, example: pd.DataFrame, answer: pd.DataFrame) -> int:
        """Log the version as a model of the active run and register it as the challenger; gives its number."""
        with reach(self._uri), warnings.catch_warnings(), TemporaryDirectory() as temporary:
            warnings.simplefilter("ignore", UserWarning)  # hints on integers that may be missing
            folder = Path(temporary) / VERSION
            write(version, state, folder)
            mlflow.log_artifact(str(folder / DESCRIPTION))
            logged = mlflow.pyfunc.log_model(
                name=MODEL,
                python_model=str(MODEL_CODE),
                artifacts={VERSION: str(folder)},
                signature=ModelSignature(INPUT, infer_signature(answer).inputs),
                input_example=example,
                registered_model_name=self._name,
                pip_requirements=["headroom-forecast[training]"],
            )
            number = str(logged.registered_model_version)
            self._client.update_model_version(self._name, number, _summary(version))
            self._client.set_model_version_tag(self._name, number, WHOLE, "yes")
            self._client.set_registered_model_alias(self._name, CHALLENGER, number)
        return int(number)

    def champion(self) -> Registered | None:
        """The version that publishes, if there is one."""
        return self._aliased(CHAMPION)

    def named_champion(self) -> Champion | None:
        """Which version has the champion alias, if one has it; nothing is read of it."""
        version = self._version_of(CHAMPION)
        return None if version is None else self._named(version)

    def challenger(self) -> Registered | None:
        """The version that asks to publish, if there is one that is not the champion already."""
        found = self._aliased(CHALLENGER)
        champion = None if found is None else self.named_champion()
        return None if champion is not None and found and found.champion == champion else found

    def champion_or_cached(self) -> LoadedModel:
        """The champion, with all that it publishes with. Raises NothingPublishedError when there is none."""
        champion = self.named_champion()
        if champion is None:
            raise self._no_champion("Publishing")
        whole = self._whole(champion)
        self._champions.set_champion(champion)
        return whole

    def promote(self, challenger: Registered, tags: Mapping[str, str], since: str) -> None:
        """Move the champion alias to the challenger, remembering which version had it.

        Before that the version is fetched and read: what cannot be read cannot publish.
        """
        number, before = str(challenger.champion.version), self.named_champion()
        self._whole(challenger.champion)
        with reach(self._uri):
            remembered = {} if before is None else {PREVIOUS: str(before.version)}
            for key, value in {**tags, **remembered, SINCE: since}.items():
                self._client.set_model_version_tag(self._name, number, key, value)
            self._client.set_registered_model_alias(self._name, CHAMPION, number)
            self._client.delete_registered_model_alias(self._name, CHALLENGER)
        self._champions.set_champion(challenger.champion)

    def roll_back(self) -> tuple[Champion, Registered]:
        """Move the champion alias to the version that had it before; gives who had it and who has it now.

        The version that has it now need not be readable, the one before must be. Raises UsageError when there is none.
        """
        now = self.named_champion()
        if now is None:
            raise self._no_champion("Rolling back")
        with reach(self._uri):
            tags = self._client.get_model_version(self._name, str(now.version)).tags
        if PREVIOUS not in tags:
            raise UsageError(
                f"Rolling back {self._name}: version {now.version} followed no other, so there is no step back."
            )
        try:
            before = self._registered(self._numbered(tags[PREVIOUS]))
            self._whole(before.champion)
        except VersionUnreadableError as error:
            stays = f"Rolling back {self._name}: version {now.version} stays the champion."
            raise VersionUnreadableError(f"{stays} {error.found}", error.advice) from error
        with reach(self._uri):
            self._client.set_registered_model_alias(self._name, CHAMPION, tags[PREVIOUS])
        self._champions.set_champion(before.champion)
        return now, before

    def prune_versions(self) -> list[int]:
        """Delete the versions that a killed job left half-registered; gives their numbers."""
        with reach(self._uri):
            found = self._client.search_model_versions(f"name = '{self._name}'")
            named = {int(v) for v in self._aliases().values()}
            half = sorted(int(v.version) for v in found if WHOLE not in v.tags and int(v.version) not in named)
            for number in half:
                self._client.delete_model_version(self._name, str(number))
        return half

    def _aliases(self) -> Mapping[str, str]:
        try:
            return dict(self._client.get_registered_model(self._name).aliases)
        except MlflowException as error:
            if error.error_code in NOT_FOUND:
                return {}
            raise

    def _no_champion(self, doing: str) -> NothingPublishedError:
        return NothingPublishedError(
            f"{doing} {self._name}: no version is the champion. Run `headroom train`, then `headroom promote`."
        )

    def _unreadable(self, number: int | str, reason: str) -> VersionUnreadableError:
        return VersionUnreadableError(f"Version {number} of {self._name} cannot be read: {reason}.", REPLACE_IT)

    def _whole(self, champion: Champion) -> LoadedModel:
        """The version's files, read; a copy at home that is damaged is fetched again."""
        try:
            return self._champions.read(champion, self._fetched(champion))
        except DAMAGED:
            fetched = self._fetched(champion, anew=True)
        try:
            return self._champions.read(champion, fetched)
        except DAMAGED as error:
            said = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
            raise self._unreadable(
                champion.version, f"its files are damaged, or of another release ({said})"
            ) from error

    def _fetched(self, champion: Champion, anew: bool = False) -> Path:
        """The folder of the version's files, at home."""

        def fetch(into: Path) -> Path:
            model = self._downloaded(champion, f"models:/{self._name}/{champion.version}", ARTIFACTS, into)
            return model / VERSION

        return self._champions.fetched(champion, fetch, anew)

    def _described(self, champion: Champion) -> Version:
        """The version's description: of the copy at home where there is one, else from MLflow."""
        described = self._champions.description(champion)
        if described is not None:
            return described
        with TemporaryDirectory() as temporary:
            file = self._downloaded(champion, f"runs:/{champion.run_id}", DESCRIPTION, Path(temporary))
            try:
                return read_version(file.parent)
            except ValueError as error:
                said = str(error).splitlines()[0]
                raise self._unreadable(champion.version, f"it is of another release of Headroom ({said})") from error

    def _downloaded(self, champion: Champion, folder: str, name: str, into: Path) -> Path:
        """The file or folder `name` of a folder of MLflow's, downloaded."""
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
                if error.error_code in NOT_FOUND:
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
                if error.error_code in NOT_FOUND:
                    raise self._unreadable(number, "MLflow has no such version any more") from error
                raise

    def _registered(self, version: ModelVersion) -> Registered:
        champion = self._named(version)
        return Registered(champion, self._described(champion))


def _is_lost(folder: str, name: str) -> bool:
    """Whether MLflow answers that the folder has nothing of that name."""
    try:
        files = mlflow.artifacts.list_artifacts(f"{folder}/")
    except Exception:  # noqa: BLE001  see above: that nothing answers does not say that nothing is there
        return False
    return name not in {PurePosixPath(file.path).name for file in files}


def _summary(version: Version) -> str:
    """What the list of versions shows of one."""
    recipe = ", ".join(f"{measure}: {name}" for measure, name in version.recipe.items())
    return f"Trained to {version.trained_to}. {recipe}."
