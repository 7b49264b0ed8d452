"""The tables [[levels]] of system.toml: levels of escalation."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from publication.levels import check_colour, parse_condition
from training.errors import nearest


def _check_condition(value: str) -> str:
    parse_condition(value)
    return value


def _check_colour(value: str) -> str:
    from matplotlib.colors import CSS4_COLORS  # slow to import, and few system files have levels

    if not check_colour(value).startswith("#") and value.lower() not in CSS4_COLORS:
        raise ValueError(f"CSS has no such colour. {nearest(value.lower(), sorted(CSS4_COLORS))}".rstrip(".?"))
    return value


class LevelTable(BaseModel):
    """The keys of one [[levels]]: a level of escalation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    when: Annotated[str, AfterValidator(_check_condition)]
    colour: Annotated[str, AfterValidator(_check_colour)]
    action: str = ""


def check_level_names(value: list[LevelTable]) -> list[LevelTable]:
    """Return the levels. Raises ValueError where two have one name."""
    names = [level.name for level in value]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two levels are named {twice!r}; give each a name of its own")
    return value
