"""The parts of reference pages that are made from the code: commands, options and settings."""

import argparse
import re
from collections.abc import Iterable, Iterator

import typer

from service.commands.serve import parser
from service.settings import ENVIRONMENT, Settings
from tests.docs.licences import IMAGES, installed_by, licence
from training.cli.main import app

PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PAGES = ("reference/command-line.md", "reference/settings.md", "reference/licences.md")
VALUES = {"int": "INTEGER", "datetime": "DAY", "Path": "PATH", "str": "TEXT"}
OPTIONS = ("option", "value", "default", "meaning")


def with_generated_parts(page: str) -> str:
    """Return the page with each marked part made anew."""
    made = {"jobs": jobs, "service": service, "settings": settings, "licences": licences}
    return PART.sub(lambda part: f"{part[1]}\n{made[part[2]]()}\n{part[3]}", page)


def jobs() -> str:
    """Return a section for each command of `headroom`."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    return "\n".join(_job(name, command) for name, command in commands.items())


def service() -> str:
    """Return a section for `headroom-service`, and for each of its commands."""
    return "\n".join(_sections(parser(), "headroom-service", ""))


def settings() -> str:
    """Return the table of the service's variables."""
    fields = ((variable, Settings.model_fields[field]) for field, variable in ENVIRONMENT.items())
    rows = [(f"`{variable}`", _sentence(field.description), _default(field.default)) for variable, field in fields]
    return _table(("variable", "meaning", "default"), rows)


def licences() -> str:
    """Return the table of the packages that images install, with their licences."""
    by_image = {image: set(installed_by(image)) for image in IMAGES}
    rows = [
        (f"`{package}`", licence(package), *("yes" if package in by_image[image] else "" for image in IMAGES))
        for package in sorted(set().union(*by_image.values()))
    ]
    return _table(("package", "licence", *IMAGES), rows)


def _job(name: str, command: typer.core.TyperCommand) -> str:
    rows = []
    for option in command.params:
        if isinstance(option, typer.core.TyperOption) and option.name != "help":
            value = "" if option.is_flag else _value(option)
            default = "required" if option.required else _default(option.default)
            rows.append((", ".join(f"`{text}`" for text in option.opts), value, default, _sentence(option.help)))
    return f"### `headroom {name}`\n\n{(command.help or '').strip()}\n\n{_table(OPTIONS, rows)}"


def _value(option: typer.core.TyperOption) -> str:
    annotation = str(option.type_descriptor.annotation)
    (name,) = (name for part, name in VALUES.items() if part in annotation)
    limits = (
        "" if option.min is None else f" from {option.min}" if option.max is None else f" {option.min} to {option.max}"
    )
    return f"`{option.metavar or name}`{limits}"


def _sections(command: argparse.ArgumentParser, name: str, about: str) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    nested: list[Iterator[str]] = []
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            nested += [_sections(sub, f"{name} {verb}", helps.get(verb, "")) for verb, sub in action.choices.items()]
        elif not isinstance(action, argparse._HelpAction):
            rows.append(_argument(action))
    yield f"### `{name}`\n\n{_sentence(about or command.description)}.\n\n{_table(OPTIONS, rows)}"
    for sections in nested:
        yield from sections


def _argument(action: argparse.Action) -> tuple[str, ...]:
    named = ", ".join(f"`{text}`" for text in action.option_strings) or f"`{action.dest.upper()}`"
    value = ", ".join(map(str, action.choices or ())) or str(action.metavar or action.dest.upper())
    takes_value = action.nargs != 0 and bool(action.option_strings)
    default = "required" if action.required else _default(action.default)
    return named, f"`{value}`" if takes_value else "", default, _sentence((action.help or "").split(" (default")[0])


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _default(value: object) -> str:
    return "" if value is None or value is False or value in ("", argparse.SUPPRESS) else f"`{value}`"


def _sentence(text: str | None) -> str:
    words = " ".join((text or "").split()).rstrip(".")
    return words[:1].upper() + words[1:]
