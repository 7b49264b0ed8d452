"""The head of every page: the system, today, and whether the data is up to date."""

from dataclasses import dataclass
from datetime import date, datetime

from publication.days import end_of_day, target_day, today, zone
from publication.vocabulary import Freshness
from service.page import wording
from service.page.ahead import AHEAD_KINDS
from service.publications.served import ServedPublication

STATUS = {Freshness.FRESH: "Up to date", Freshness.LATE: "Late", Freshness.STALE: "Stale"}


@dataclass(frozen=True, slots=True)
class PageContext:
    """The head and foot of every page.

    `late_at` and `stale_at` are the instants at which this page becomes late and stale if no newer publication is
    issued; a page that stays open uses them. `version` changes whenever the content of the page does.
    """

    system: str
    today: str
    status: str
    freshness: str
    data_to: str
    expected: str
    issued_at: str
    champion: str
    n_series: int
    n_fallbacks: int
    notes: tuple[str, ...]
    late_at: str
    stale_at: str
    version: str


def frame(served: ServedPublication, now: datetime, version: str) -> PageContext:
    """Return the head and foot of a page at the instant `now`."""
    summary, system, champion = served.summary, served.publication.system, served.summary.champion
    root, freshness = system.place_by_id.get(system.name), served.freshness(now)
    late, stale = (end_of_day(target_day(summary.cutoff, lead), system.timezone) for lead in (1, 2))
    return PageContext(
        system=root.name if root else system.name,
        today=wording.day_with_year(today(now, system.timezone)),
        status=STATUS[freshness],
        freshness=freshness.value,
        data_to=wording.day(summary.cutoff),
        expected=_expected(summary.cutoff, summary.issued_at, now, system.timezone),
        issued_at=wording.local_time(summary.issued_at, system.timezone),
        champion=f"{champion.name} version {champion.version}",
        n_series=summary.n_series,
        n_fallbacks=summary.n_fallbacks,
        notes=tuple(note.text for note in served.publication.notes_on(None) if note.kind not in AHEAD_KINDS),
        late_at=late.isoformat(),
        stale_at=stale.isoformat(),
        version=version,
    )


def content_version(served: ServedPublication, now: datetime, *others: str) -> str:
    """Return a text that changes whenever the content of a page does. `others` name further content."""
    summary, present = served.summary, today(now, served.publication.system.timezone)
    expected = _expected(summary.cutoff, summary.issued_at, now, served.publication.system.timezone)
    state = served.freshness(now).value
    parts = (summary.cutoff, summary.revision, summary.digest[-12:], state, present, expected, *others)
    return " ".join(map(str, parts))


def _expected(cutoff: date, issued_at: datetime, now: datetime, timezone: str) -> str:
    """Return when the next publication is expected: a day later, at the hour of this one."""
    hour = issued_at.astimezone(zone(timezone)).time()
    due = datetime.combine(target_day(cutoff, 2), hour, zone(timezone))
    day = "today" if due.date() == today(now, timezone) else wording.day(due.date())
    return f"{'the next was' if due <= now else 'next'} expected {day}, about {hour:%H:%M}"
