"""Authentication: API keys, their scopes and limits, and the principals they stand for."""

from service.auth.principal import ANONYMOUS_PRINCIPAL, AnonymousPolicy, Principal, Scope

__all__ = ["ANONYMOUS_PRINCIPAL", "AnonymousPolicy", "Principal", "Scope"]
