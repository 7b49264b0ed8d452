"""The part of a publication that one place may see."""

from dataclasses import replace

from publication.document import digest
from publication.model import Publication, PublicationSummary, System
from publication.vocabulary import NoteKind


def restrict_to_place(publication: Publication, place: str) -> Publication:
    """Return the publication as if `place` were the complete system: it and the places below it.

    Notes on no series alone, but for public holidays, and the digest of the data are of the complete system, so they
    are left out.
    """
    places = set(publication.system.under(place))
    series = tuple(of for of in publication.series if of.key.place in places)
    return replace(
        publication,
        system=_rooted(publication.system, place, places, {of.key.measure for of in series}),
        series=series,
        headroom=tuple(of for of in publication.headroom if of.place in places),
        findings=tuple(finding for finding in publication.findings if finding.key.place in places),
        data_digest="",
        notes=(
            *(note for note in publication.notes_on(None) if note.kind is NoteKind.HOLIDAY),
            *(note for of in series for note in publication.notes_on(of.unique_id)),
        ),
    )


def restrict_summary(summary: PublicationSummary, view: Publication) -> PublicationSummary:
    """Return the summary with the counts and the digest of a restricted publication."""
    return replace(
        summary,
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
