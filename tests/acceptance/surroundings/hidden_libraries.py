"""Imported by Python as `sitecustomize`: libraries are as if they were not installed.

`HIDDEN` names them, by commas; `*` hides all but those of `SHOWN`, as in an environment without an extra.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

SHOWN = {"sqlalchemy", "greenlet", "typing_extensions", "tzdata"}
HIDDEN = os.environ["HIDDEN"].split(",")


class Hiding:
    """A finder that comes before all others, and finds nothing of what is hidden."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Raise what Python raises where no finder has the module."""
        if path is None and _is_hidden(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _is_hidden(name: str) -> bool:
    if HIDDEN != ["*"]:
        return name in HIDDEN
    found = None if name in SHOWN else PathFinder.find_spec(name)
    return found is not None and "site-packages" in str(found.origin)


sys.meta_path.insert(0, Hiding())
