"""What can go wrong with a command of the service. Each class has a line in docs/reference/errors.md."""


class ServiceError(Exception):
    """Base of these."""


class KeyNameError(ServiceError):
    """No key of that name, or one already, or a name that cannot be."""


class KeyRevokedError(ServiceError):
    """The key is revoked, and stays so."""


class KeysUnreadableError(ServiceError):
    """The keys are there, and cannot be read: the database refuses, or what it holds is damaged."""
