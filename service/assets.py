"""The files that the page loads: our own, and Plotly.js as the plotly wheel ships it."""

import asyncio
import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from service.conditional import Representation

HERE = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_GOOD = "public, max-age=31536000, immutable"
VERSION_LENGTH = 12


def asset_paths() -> dict[str, Path]:
    """Every asset by its name."""
    ours = {path.name: path for path in sorted(HERE.iterdir()) if path.suffix in MEDIA_TYPES}
    return ours | {PLOTLY: plotly_path()}


@cache
def plotly_path() -> Path:
    """Where the plotly wheel keeps Plotly.js; found without importing plotly, which takes a second."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise RuntimeError("The page needs the plotly package for Plotly.js. Install headroom-forecast[service].")
    return Path(spec.origin).parent / "package_data" / PLOTLY


class Assets:
    """Assets by name, each read and compressed once, when it is first asked for."""

    def __init__(self) -> None:
        self._paths = asset_paths()
        self._versions = {name: _version(name, path) for name, path in self._paths.items()}
        self._ready: dict[str, Representation] = {}
        self._one_at_a_time = asyncio.Lock()

    def url(self, name: str) -> str:
        """Address that changes when the content does, so that browsers may keep it for good."""
        return f"/static/{name}?v={self._versions[name]}"

    def is_current(self, name: str, given_version: str | None) -> bool:
        return self._versions.get(name) == given_version

    async def get(self, name: str) -> Representation | None:
        """The asset, or None where there is none of that name."""
        if name not in self._paths:
            return None
        async with self._one_at_a_time:
            if name not in self._ready:
                self._ready[name] = await asyncio.to_thread(_read, self._paths[name])
        return self._ready[name]


def _read(path: Path) -> Representation:
    return Representation.of(path.read_bytes(), MEDIA_TYPES[path.suffix])


def _version(name: str, path: Path) -> str:
    if name == PLOTLY:  # five megabytes: its release says as much as its hash
        return version("plotly")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_LENGTH]
