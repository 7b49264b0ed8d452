"""The release of this installation."""

from importlib.metadata import PackageNotFoundError, version

from publication.exit_codes import DISTRIBUTION

UNINSTALLED = "source"  # run from a folder of source, as the images do


def release() -> str:
    """Return the version of the installed distribution; `source` where none is installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return UNINSTALLED
