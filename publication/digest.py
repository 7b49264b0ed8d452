"""A publication's digest: the same content has the same digest on any day and any machine."""

import hashlib
import json
from dataclasses import asdict, replace

from publication.model import Publication

NOT_CONTENT = ("issued_at", "revision", "remarks")


def digest(publication: Publication) -> str:
    """`sha256:` and the hash of everything but the instant of issue, the revision and the remarks."""
    content = {key: value for key, value in asdict(_unpacked(publication)).items() if key not in NOT_CONTENT}
    for series in content["series"]:
        if not series["drivers"]:  # a publication of before there were any keeps its digest, and so below
            del series["drivers"]
    if not content["headroom"]:
        del content["headroom"]
    text = json.dumps(content, default=str, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _unpacked(publication: Publication) -> Publication:
    """The same in plain tuples, which `asdict` looks into."""
    return replace(
        publication,
        series=tuple(
            replace(of, recent=tuple(of.recent), days=tuple(of.days), drivers=tuple(of.drivers))
            for of in publication.series
        ),
        headroom=tuple(
            replace(of, occupancy=tuple(of.occupancy), headroom=tuple(of.headroom)) for of in publication.headroom
        ),
    )
