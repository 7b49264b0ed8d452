"""Versions kept at home."""

from pathlib import Path

import pytest

from publication.model import Champion
from training.tracking.versions import DAMAGED, KEPT, ModelCache

FIRST = Champion("north", 1, "a1")


def fetch(text: str, into: Path) -> Path:
    folder = into / "artifacts"
    folder.mkdir()
    (folder / "version.json").write_text(text)
    return folder


@pytest.fixture
def champions(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "champions")


def test_a_version_is_fetched_once(champions: ModelCache) -> None:
    first = champions.fetched(FIRST, lambda into: fetch("one", into))
    again = champions.fetched(FIRST, lambda into: pytest.fail("fetched again"))
    assert first == again
    assert (first / "version.json").read_text() == "one"


def test_a_fetch_that_fails_leaves_nothing(champions: ModelCache, tmp_path: Path) -> None:
    def broken(into: Path) -> Path:
        fetch("half", into)
        raise OSError("the line went dead")

    with pytest.raises(OSError, match="the line went dead"):
        champions.fetched(FIRST, broken)
    assert list((tmp_path / "champions").iterdir()) == []


def test_a_new_registry_that_counts_from_one_again_is_not_taken_for_the_old_one(champions: ModelCache) -> None:
    champions.fetched(FIRST, lambda into: fetch("old", into))
    new = champions.fetched(Champion("north", 1, "b2"), lambda into: fetch("new", into))
    assert (new / "version.json").read_text() == "new"


def test_the_last_champion_is_known_only_with_its_files(champions: ModelCache) -> None:
    assert champions.last() is None
    champions.set_champion(FIRST)
    assert champions.last() is None


def test_a_copy_that_is_not_whole_is_found_out(champions: ModelCache) -> None:
    folder = champions.fetched(FIRST, lambda into: fetch("no version", into))
    champions.set_champion(FIRST)
    assert champions.last() is None
    with pytest.raises(DAMAGED):
        champions.read(FIRST, folder)
    champions.forget(FIRST)
    assert not folder.exists()


def test_only_the_newest_versions_are_kept(champions: ModelCache, tmp_path: Path) -> None:
    for number in range(1, KEPT + 3):
        champion = Champion("north", number, f"r{number}")
        champions.fetched(champion, lambda into: fetch("x", into))
        champions.set_champion(champion)
    kept = sorted(path.name for path in (tmp_path / "champions").iterdir() if path.is_dir())
    assert kept == [f"{number}-r{number}" for number in range(3, KEPT + 3)]
