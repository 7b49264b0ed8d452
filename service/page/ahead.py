"""Known days ahead: beds that open or close, holidays and events."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from publication.days import target_day
from publication.model import Headroom, Note, Publication
from publication.vocabulary import NoteKind
from service.page import wording

MOST_SENTENCES = 6
MOST_STEPS = 2
AHEAD_KINDS = (NoteKind.HOLIDAY, NoteKind.EVENT)
LAST_DAY_OF_EVENT = re.compile(r"[^(]*?(\d{4}-\d\d-\d\d) \(")
"""The day before the place of an event, as in `Strike 2026-11-26 to 2026-11-27 (everywhere)`."""


def known_ahead(publication: Publication, first: int) -> tuple[str, ...]:
    """Return what is known of the days from position `first` on, in sentences: `MOST_SENTENCES` of them at most."""
    notes = [note for note in publication.notes if not _is_over(note, publication, first)]
    found = [note.text for kind in AHEAD_KINDS for note in notes if note.kind is kind]
    noted = {note.place for note in publication.notes if note.kind is NoteKind.EVENT}
    found += [text for place, text in _openings(publication, first) if place not in noted]
    more = len(found) - MOST_SENTENCES
    return (*found[:MOST_SENTENCES], *((f"And {more} more.",) if more > 0 else ()))


def _is_over(note: Note, publication: Publication, first: int) -> bool:
    """Return whether a note is on days before the position `first`. Its text alone says on which days it is."""
    days = [target_day(publication.cutoff, position + 1) for position in range(first)]
    if note.kind is NoteKind.HOLIDAY:
        return note.text.startswith(tuple(f"{day:%A} {day.day} {day:%B}:" for day in days))
    last_day = LAST_DAY_OF_EVENT.match(note.text)
    return last_day is not None and date.fromisoformat(last_day[1]) < target_day(publication.cutoff, first + 1)


def bed_changes(publication: Publication, headroom: Headroom) -> list[tuple[date, str]]:
    """Return the days on which a place's beds change by one or more from the day before, with the change.

    Beds that change more often than `MOST_STEPS` times are forecast from their history: no change of theirs is known.
    """
    found = []
    for n, (before, after) in enumerate(pairwise(headroom.beds)):
        beds = abs(round(after - before))
        if beds >= 1:
            direction = "more" if after > before else "fewer"
            change = f"{beds:,} {'bed' if beds == 1 else 'beds'} {direction}"
            found.append((target_day(publication.cutoff, n + 2), change))
    return found if len(found) <= MOST_STEPS else []


def _openings(publication: Publication, first: int) -> Iterator[tuple[str, str]]:
    """Yield the bed changes of places at the bottom of the tree; those above change with them."""
    system = publication.system
    above = {place for of in publication.headroom for place in system.ancestors(of.place)}
    for headroom in publication.headroom:
        if headroom.place in above:
            continue
        for ds, change in bed_changes(publication, headroom):
            if ds >= target_day(publication.cutoff, first + 1):
                sentence = f"{system.place_by_id[headroom.place].name}: {change} from {wording.day(ds)}."
                yield headroom.place, sentence
