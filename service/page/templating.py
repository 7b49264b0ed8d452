"""The templates of pages, for each prefix that the service has for its callers."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = Path(__file__).parent / "templates"
MAX_PREFIXES = 8
"""A service has one, or two behind two proxies; of others, the templates are compiled again."""

AddressOf = Callable[[str], str]


class PageTemplates:
    """Jinja environments by prefix. Their globals `link(path)` and `asset(name)` put it before each address."""

    def __init__(self, asset_url: AddressOf) -> None:
        self._asset_url = asset_url
        self.of = lru_cache(MAX_PREFIXES)(self._environment)

    def _environment(self, prefix: str) -> Environment:
        return _templates(lambda name: f"{prefix}{self._asset_url(name)}", lambda path: f"{prefix}{path}")


def briefing_templates(address: str | None) -> Environment:
    """Return the templates of a file that loads nothing; without an `address` of the service it has no links."""
    root = None if address is None else address.rstrip("/")
    return _templates(lambda _name: "", lambda path: "" if root is None else f"{root}{path}")


def _templates(asset: AddressOf, link: AddressOf) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"asset": asset, "link": link}
    return templates
