"""The templates of the pages, with the names that all of them use."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.page.assets import Assets

TEMPLATES = Path(__file__).parent / "templates"


def page_templates(assets: Assets) -> Environment:
    """Return the templates; `asset` gives the address of a file that pages load, `link` that of a route."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"asset": assets.url, "link": _link}
    return templates


def _link(path: str) -> str:
    return path
