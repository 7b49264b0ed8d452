"""The templates of the pages, with the names that all of them use."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from service.page.assets import Assets

TEMPLATES = Path(__file__).parent / "templates"


def page_templates(assets: Assets) -> Environment:
    """Return the templates; `asset` gives the address of a file that pages load, `link` that of a route."""
    return _templates(assets.url, lambda path: path)


def briefing_templates(address: str | None) -> Environment:
    """Return the templates of a file that loads nothing; without an `address` of the service it has no links."""
    root = None if address is None else address.rstrip("/")
    return _templates(lambda _name: "", lambda path: "" if root is None else f"{root}{path}")


def _templates(asset: Callable[[str], str], link: Callable[[str], str]) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"asset": asset, "link": link}
    return templates
