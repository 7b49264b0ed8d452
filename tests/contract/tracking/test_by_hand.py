"""Changes by hand in MLflow's own pages: aliases are moved, runs and versions deleted. The champion publishes."""

import pytest
from mlflow import MlflowClient

from publication.vocabulary import CHAMPION
from tests.contract.tracking.registered import aliases, promoted, train
from tests.mlflow_warnings import MLFLOW_WARNINGS
from training.errors import NothingPublishedError
from training.tracking.registry import Registry

pytestmark = MLFLOW_WARNINGS


@pytest.fixture
def champion(tracking_uri: str, system: str, registry: Registry) -> int:
    """The number of a version that was trained and promoted."""
    return promoted(tracking_uri, system, registry)


def test_an_alias_that_is_moved_names_the_version_that_publishes_next(
    tracking_uri: str, system: str, registry: Registry, champion: int
) -> None:
    other = train(tracking_uri, system, registry)
    MlflowClient(tracking_uri, tracking_uri).set_registered_model_alias(system, CHAMPION, str(other))
    assert registry.load_champion().champion.version == other
    assert aliases(tracking_uri, system)[CHAMPION] == other != champion


def test_an_alias_that_is_deleted_leaves_no_champion_and_says_so(
    tracking_uri: str, system: str, registry: Registry, champion: int
) -> None:
    MlflowClient(tracking_uri, tracking_uri).delete_registered_model_alias(system, CHAMPION)
    assert registry.named_champion() is None
    with pytest.raises(NothingPublishedError, match="promote"):
        registry.load_champion()


def test_the_run_of_the_champion_may_be_deleted(
    tracking_uri: str, system: str, registry: Registry, champion: int
) -> None:
    client = MlflowClient(tracking_uri, tracking_uri)
    run_id = client.get_model_version(system, str(champion)).run_id
    assert run_id is not None
    client.delete_run(run_id)
    assert registry.load_champion().champion.version == champion
    found = registry.champion()
    assert found is not None
    assert found.ref.version == champion


def test_a_champion_that_is_deleted_leaves_none_and_the_next_training_is_promoted(
    tracking_uri: str, system: str, registry: Registry, champion: int
) -> None:
    MlflowClient(tracking_uri, tracking_uri).delete_model_version(system, str(champion))
    assert registry.named_champion() is None
    number = train(tracking_uri, system, registry)
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {}, "2026-03-04")
    assert registry.load_champion().champion.version == number != champion
