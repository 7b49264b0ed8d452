"""Who may read what: keys, what they open, how often, and how they are told."""

from service.access.visitor import ANYONE, Scope, Visitor, WithoutKeys

__all__ = ["ANYONE", "Scope", "Visitor", "WithoutKeys"]
