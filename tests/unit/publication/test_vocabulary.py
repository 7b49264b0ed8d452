import pytest

from publication.vocabulary import SeriesKey, quantile_column, series_key


@pytest.mark.parametrize(
    ("unique_id", "key"),
    [
        ("RXH/occupancy", SeriesKey("RXH", "occupancy", None)),
        ("RXH/attendances/paediatric", SeriesKey("RXH", "attendances", "paediatric")),
        ("St Mary's (A&E)/beds", SeriesKey("St Mary's (A&E)", "beds", None)),
    ],
)
def test_a_unique_id_and_its_key_are_two_ways_to_write_one_thing(unique_id: str, key: SeriesKey) -> None:
    assert series_key(unique_id) == key
    assert key.unique_id == unique_id


@pytest.mark.parametrize(
    "text", ["", "RXH", "/", "RXH/", "/occupancy", "RXH//paediatric", "RXH/attendances/", "a/b/c/d"]
)
def test_anything_else_is_rejected_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not place/measure or place/measure/stream") as raised:
        series_key(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("level", "column"),
    [(0.025, "q0.025"), (0.1, "q0.1"), (0.5, "q0.5"), (0.9, "q0.9"), (0.975, "q0.975"), (0.999, "q0.999")],
)
def test_quantile_columns_are_named_by_their_level(level: float, column: str) -> None:
    assert quantile_column(level) == column
