"""The system files of the real data, read without the data; tests/unit/history reads the data itself."""

from pathlib import Path

import pytest

from training.system.reading import read_system

SYSTEMS = Path(__file__).parents[3] / "benchmarks" / "systems"


@pytest.mark.parametrize(
    ("file", "root", "timezone", "holidays", "n_places", "measures"),
    [
        ("nhs_winter.toml", "ENG", "Europe/London", "GB-ENG", 142, ["occupancy", "beds"]),
        ("portugal_ed.toml", "PT", "Europe/Lisbon", "PT", 6, ["attendances"]),
        ("swast.toml", "SWAST", "Europe/London", "GB-ENG", 9, ["responses"]),
        ("nhs_discharges.toml", "ENG", "Europe/London", "GB-ENG", 7, ["discharges", "by_1700", "after_1700"]),
        ("germany_icu.toml", "DE", "Europe/Berlin", "DE", 17, ["occupancy", "beds"]),
    ],
)
def test_each_real_system_has_its_places_below_one_root(
    file: str, root: str, timezone: str, holidays: str, n_places: int, measures: list[str]
) -> None:
    described = read_system(SYSTEMS / file)
    system = described.system
    assert (system.name, system.timezone, described.context.holidays) == (root, timezone, holidays)
    assert len(system.places) == n_places
    assert set(system.children(root)) == set(system.place_by_id) - {root}
    assert [measure.name for measure in system.measures] == measures


def test_every_system_file_is_in_the_table_above() -> None:
    assert len(list(SYSTEMS.glob("*.toml"))) == 5


def test_every_system_file_names_the_source_and_licence_of_its_data() -> None:
    for path in SYSTEMS.glob("*.toml"):
        comment = path.read_text(encoding="utf-8").split("[system]")[0]
        assert "Source: " in comment, path.name
        assert any(licence in comment for licence in ("Open Government Licence", "CC BY 4.0", "MIT")), path.name
