"""Names of systems: what `publication.vocabulary` allows, MLflow holds, in every form that it has."""

from pathlib import Path

import pytest

from publication.model import Champion
from publication.vocabulary import LONGEST_NAME_BYTES, check_system_name
from tests.contract.tracking.registered import train
from tests.mlflow_warnings import MLFLOW_WARNINGS
from training.tracking.client import connect
from training.tracking.registry import Registry
from training.tracking.versions import ModelCache

pytestmark = MLFLOW_WARNINGS


@pytest.mark.parametrize(
    "name", ["A & E (north) + b.1_2-3", "Łódź 東京", "x" * LONGEST_NAME_BYTES], ids=["signs", "letters", "long"]
)
def test_any_name_that_a_system_may_have_is_stored_and_found_again(
    tracking_uri: str, tmp_path: Path, name: str
) -> None:
    assert check_system_name(name) == name
    connect(tracking_uri, tmp_path / "artifacts", name)
    registry = Registry(tracking_uri, name, ModelCache(tmp_path / "champions" / name))
    assert train(tracking_uri, name, registry) == 1
    assert registry.prune_versions() == []
    challenger = registry.challenger()
    assert challenger is not None
    registry.promote(challenger, {}, "2026-03-03")
    elsewhere = Registry(tracking_uri, name, ModelCache(tmp_path / "elsewhere" / name))
    assert elsewhere.load_champion().champion == Champion(name, 1, challenger.ref.run_id)
