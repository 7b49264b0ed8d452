"""pydantic's findings as sentences that name the key, what was found and what to do."""

import types
from difflib import get_close_matches
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from publication.redaction import MASK, redact_addresses

URL = "url"
LONGEST_FOUND = 60
MOST_KNOWN = 12
EXPECTED = {
    "string_type": "give text in quotes",
    "int_type": "give a whole number",
    "float_type": "give a number",
    "list_type": "give a list in square brackets",
    "dict_type": "give a table",
    "model_type": "give a table",
    "model_attributes_type": "give a table",
    "string_too_short": "it is empty; give some text",
    "too_short": "it is empty; give at least one",
}
BOUND = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "or more"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "or less"),
}


def format_validation_errors(error: ValidationError, document: type[BaseModel]) -> str:
    """One sentence for each finding, unknown keys first: they are often the reason why another is missing."""
    findings = sorted(error.errors(), key=lambda finding: finding["type"] != "extra_forbidden")
    return " ".join(_sentence(finding, document) for finding in findings)


def nearest(word: str, known: list[str]) -> str:
    """`Did you mean ...?` where a known word is near, the known words otherwise."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f"Known: {', '.join(known[:MOST_KNOWN])}{more}."


def _sentence(finding: ErrorDetails, document: type[BaseModel]) -> str:
    location = tuple(part for part in finding["loc"] if part != "[key]")
    key = ".".join(map(str, location))
    match finding["type"]:
        case "extra_forbidden":
            return f"{key} is not a known key. {nearest(str(location[-1]), _keys(document, location[:-1]))}"
        case "missing":
            return f"{key} is missing. Add it."
        case "value_error":
            return f"{key}: found {_found(finding)}: {finding['ctx']['error']}."
    return f"{key}: found {_found(finding)}; {_advice(finding)}."


def _advice(finding: ErrorDetails) -> str:
    kind = finding["type"]
    if kind in BOUND:
        name, word = BOUND[kind]
        bound = f"{finding['ctx'][name]:g}"
        return f"give a number {bound} {word}" if word.startswith("or") else f"give a number {word} {bound}"
    if kind == "literal_error":
        return f"give {finding['ctx']['expected']}"
    return EXPECTED.get(kind, finding["msg"])


def _found(finding: ErrorDetails) -> str:
    """The value that was found, without the passwords of addresses in it."""
    value = finding["input"]
    if isinstance(value, dict | BaseModel):
        return "this table"
    if URL in finding["loc"]:  # whatever it is, it may be half an address
        return MASK
    text = redact_addresses(repr(value))
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}..."


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at `location` may have; inside a table of tables any name leads to the same keys."""
    current: object = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = _inside(current.model_fields[str(part)].annotation)
        else:
            current = _inside(get_args(current)[-1])
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _inside(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation
