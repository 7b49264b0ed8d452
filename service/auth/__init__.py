"""Who may read what: keys, what they open, how often, and how they are told."""

from service.auth.principal import ANONYMOUS_PRINCIPAL, AnonymousPolicy, Principal, Scope

__all__ = ["ANONYMOUS_PRINCIPAL", "AnonymousPolicy", "Principal", "Scope"]
