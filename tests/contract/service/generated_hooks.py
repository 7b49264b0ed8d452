"""Schemathesis' hooks: parameters that rule each other out, which OpenAPI cannot say.

A query whose parameters are right one by one is made right together; the routes' own tests send the others.
"""

from typing import Any

import schemathesis

POOLED_SLICES = ("lead", "champion", "quantile")
OF_ONE_PLACE = ("place", "under", "stream", "leads", "regime", "weeks")


@schemathesis.hook
def map_query(context: schemathesis.HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the query with `from` before `to`, and without what scores of all places together do not take."""
    if not query:
        return query
    changed = dict(query)
    first, last = changed.get("from"), changed.get("to")
    if isinstance(first, str) and isinstance(last, str) and first > last:
        changed["from"], changed["to"] = last, first
    if isinstance(changed.get("by"), str) and any(name in changed["by"] for name in POOLED_SLICES):
        changed = {name: value for name, value in changed.items() if name not in OF_ONE_PLACE}
    return changed
