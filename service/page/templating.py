"""The templates of pages, for each prefix that the service has for its callers."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"
MAX_PREFIXES = 8
"""A service has one, or two behind two proxies; of others, the templates are compiled again."""


class PageTemplates:
    """Jinja environments by prefix. Their globals `link(path)`, `asset(name)` and `root` put it before each address."""

    def __init__(self, asset_url: Callable[[str], str]) -> None:
        self._asset_url = asset_url
        self.of = lru_cache(MAX_PREFIXES)(self._environment)

    def _environment(self, prefix: str) -> Environment:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        made.globals |= {
            "root": prefix,
            "link": lambda path: f"{prefix}{path}",
            "asset": lambda name: f"{prefix}{self._asset_url(name)}",
        }
        return made
