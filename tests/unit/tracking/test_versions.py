"""Versions cached at home."""

from pathlib import Path

import pytest

from publication.model import Champion
from training.pipeline.state import READ_ERRORS
from training.tracking.versions import VERSIONS_CACHED, ModelCache

FIRST = Champion("north", 1, "a1")


def downloaded(text: str, into: Path) -> Path:
    folder = into / "artifacts"
    folder.mkdir()
    (folder / "version.json").write_text(text)
    return folder


@pytest.fixture
def champions(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "champions")


def test_a_version_is_fetched_once(champions: ModelCache) -> None:
    first = champions.fetch(FIRST, lambda into: downloaded("one", into))
    again = champions.fetch(FIRST, lambda into: pytest.fail("fetched again"))
    assert first == again
    assert (first / "version.json").read_text() == "one"


def test_a_fetch_that_fails_leaves_nothing(champions: ModelCache, tmp_path: Path) -> None:
    def broken(into: Path) -> Path:
        downloaded("half", into)
        raise OSError("the line went dead")

    with pytest.raises(OSError, match="the line went dead"):
        champions.fetch(FIRST, broken)
    assert list((tmp_path / "champions").iterdir()) == []


def test_a_new_registry_that_counts_from_one_again_is_not_taken_for_the_old_one(champions: ModelCache) -> None:
    champions.fetch(FIRST, lambda into: downloaded("old", into))
    new = champions.fetch(Champion("north", 1, "b2"), lambda into: downloaded("new", into))
    assert (new / "version.json").read_text() == "new"


def test_the_last_champion_is_known_only_with_its_files(champions: ModelCache) -> None:
    assert champions.last_champion() is None
    champions.set_champion(FIRST)
    assert champions.last_champion() is None


def test_a_damaged_copy_is_noticed(champions: ModelCache) -> None:
    folder = champions.fetch(FIRST, lambda into: downloaded("no version", into))
    champions.set_champion(FIRST)
    assert champions.last_champion() is None
    with pytest.raises(READ_ERRORS):
        champions.read(FIRST, folder)
    champions.remove(FIRST)
    assert not folder.exists()


def test_only_the_newest_versions_are_cached(champions: ModelCache, tmp_path: Path) -> None:
    for number in range(1, VERSIONS_CACHED + 3):
        champion = Champion("north", number, f"r{number}")
        champions.fetch(champion, lambda into: downloaded("x", into))
        champions.set_champion(champion)
    cached = sorted(path.name for path in (tmp_path / "champions").iterdir() if path.is_dir())
    assert cached == [f"{number}-r{number}" for number in range(3, VERSIONS_CACHED + 3)]
