"""Licences of the packages that an image installs, by their metadata, and which are allowed."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, distribution
from typing import Final

from license_expression import ExpressionError, Licensing, get_spdx_licensing
from packaging.requirements import Requirement

from tests.architecture.repository import ROOT

IMAGES = ("service", "training")
PIN = re.compile(r"^([a-z0-9][^\\\n]*?) *\\$", re.MULTILINE)
LINUX: Final = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}

ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("PSF-2.0", "Python-2.0", "Zlib"),
        *("LGPL-3.0-only", "MPL-2.0"),  # of files or libraries that are used as they are published
    }
)
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
READ_IN_ITS_FILE = {"huey": "MIT", "protobuf": "BSD-3-Clause", "skops": "MIT"}
"""Packages whose metadata name no licence by a standard name. `PHRASES` must be in their licence files."""

PHRASES = {"MIT": "Permission is hereby granted, free of charge", "BSD-3-Clause": "Redistributions in binary form must"}


def installed_by(image: str) -> Iterator[str]:
    """The packages of a lock that are installed on Linux, by name."""
    names = (Requirement(pin) for pin in PIN.findall((ROOT / "requirements" / f"{image}.txt").read_text()))
    yield from sorted({one.name for one in names if one.marker is None or one.marker.evaluate({**LINUX})})


def licence(package: str) -> str:
    """Return the licence of a package as an SPDX expression. Raises LookupError where its metadata have none."""
    found = distribution(package)
    if package in READ_IN_ITS_FILE:
        return _read_in_file(found, READ_IN_ITS_FILE[package])
    stated = _field(found, "License-Expression") or _field(found, "License")
    return stated if _is_expression(stated) else _by_classifiers(found)


def is_allowed(expression: str) -> bool:
    """Return whether the licences of an expression are allowed: all of those joined by AND, one of those by OR."""
    parsed = _spdx().parse(expression, validate=True)
    known = {symbol: _spdx().TRUE if symbol.key in ALLOWED else _spdx().FALSE for symbol in parsed.symbols}
    return bool(parsed.subs(known).simplify() == _spdx().TRUE)


@cache
def _spdx() -> Licensing:
    return get_spdx_licensing()


def _is_expression(text: str) -> bool:
    try:
        return _spdx().parse(text, validate=True) is not None
    except ExpressionError:  # the text of a licence, or a name of its own
        return False


def _by_classifiers(found: Distribution) -> str:
    names = [name.rpartition(" :: ")[2] for name in found.metadata.get_all("Classifier") or () if "License ::" in name]
    known = [CLASSIFIERS[name] for name in names if name in CLASSIFIERS]
    if not known or len(known) != len(names):
        raise LookupError(f"{found.name} names its licence as {names or _field(found, 'License')}. Read its file.")
    return " AND ".join(sorted(known))


def _field(found: Distribution, name: str) -> str:
    """Return a field of the metadata, empty where it is absent: some readers raise KeyError then."""
    values: list[str] = found.metadata.get_all(name) or []
    return values[0] if values else ""


def _read_in_file(found: Distribution, name: str) -> str:
    texts = [file.read_text() for file in found.files or () if "LICENSE" in file.name.upper()]
    if not any(PHRASES[name] in " ".join(text.split()) for text in texts):
        raise LookupError(f"No file of {found.name} has the words of {name}.")
    return name
