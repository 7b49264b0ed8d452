"""The files that pages load: our own, Plotly.js as the plotly wheel ships it, Swagger UI as fastapi-offline does."""

import asyncio
import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from service.http.conditional import Representation

STATIC_FILES = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
CACHE_FOR_A_YEAR = "public, max-age=31536000, immutable"
VERSION_LENGTH = 12


@cache
def plotly_path() -> Path:
    """Return the path of Plotly.js in the plotly wheel."""
    return _package("plotly") / "package_data" / PLOTLY


def page_assets() -> "Assets":
    """Return the files that the operations pages load."""
    return Assets(_files(STATIC_FILES) | {PLOTLY: plotly_path()})


def documentation_assets() -> "Assets":
    """Return the files that the API documentation loads."""
    return Assets(_files(_package("fastapi_offline") / "static"))


class Assets:
    """Assets by name, each read and compressed once, at its first request."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._versions = {name: _version(name, path) for name, path in self._paths.items()}
        self._ready: dict[str, Representation] = {}
        self._one_at_a_time = asyncio.Lock()

    def url(self, name: str) -> str:
        """Return the address, which changes with the content, so that browsers may cache it for a year."""
        return f"/static/{name}?v={self._versions[name]}"

    def is_current(self, name: str, given_version: str | None) -> bool:
        return self._versions.get(name) == given_version

    async def get(self, name: str) -> Representation | None:
        """Return the asset, or None where there is none of that name."""
        if name not in self._paths:
            return None
        async with self._one_at_a_time:
            if name not in self._ready:
                self._ready[name] = await asyncio.to_thread(_read, self._paths[name])
        return self._ready[name]


def _package(name: str) -> Path:
    """Return the folder of a package, without importing it, which may take a second."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The service needs the package {name}. Install headroom-forecast[service].")
    return Path(spec.origin).parent


def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.iterdir()) if path.suffix in MEDIA_TYPES}


def _read(path: Path) -> Representation:
    return Representation.of(path.read_bytes(), MEDIA_TYPES[path.suffix])


def _version(name: str, path: Path) -> str:
    if name == PLOTLY:  # five megabytes: its release says as much as its hash
        return version("plotly")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_LENGTH]
