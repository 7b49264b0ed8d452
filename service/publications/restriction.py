"""The part of a publication that a key of one place may see: as if that place were the whole system."""

from dataclasses import replace

from publication.digest import digest
from publication.model import Publication, PublicationSummary, System


def within(publication: Publication, place: str) -> Publication:
    """What is published of `place` and the places below it, and nothing that tells of any other.

    Notes, remarks and the digest of the data are of the whole system, so they are left out.
    """
    kept = set(publication.system.under(place))
    series = tuple(of for of in publication.series if of.key.place in kept)
    return replace(
        publication,
        system=_rooted(publication.system, place, kept, {of.key.measure for of in series}),
        series=series,
        headroom=tuple(of for of in publication.headroom if of.place in kept),
        data_digest="",
        notes=(),
        remarks=(),
    )


def heading_within(heading: PublicationSummary, view: Publication) -> PublicationSummary:
    """The heading of the whole, with the counts and the digest of what is seen of it."""
    return replace(
        heading,
        n_series=len(view.series),
        n_fallbacks=sum(of.fallback for of in view.series),
        digest=digest(view),
    )


def _rooted(system: System, root: str, places: set[str], measures: set[str]) -> System:
    return replace(
        system,
        name=root,
        measures=tuple(measure for measure in system.measures if measure.name in measures),
        places=tuple(
            replace(place, parent=None) if place.id == root else place for place in system.places if place.id in places
        ),
    )
