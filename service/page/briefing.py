"""The briefing: the system page as one self-contained file, and as text for e-mail."""

from datetime import datetime

from publication.live_scores import LiveScores
from service.page.accuracy import recent_error
from service.page.assets import STATIC_FILES
from service.page.frame import content_version, frame
from service.page.system import system_page
from service.page.templating import briefing_templates
from service.page.wording import Figure
from service.publications.earlier import EarlierFreeBeds
from service.publications.served import ServedPublication
from service.queries.page_parameters import PageChoice

EVERY_PLACE = PageChoice(every=True)


def briefing(
    served: ServedPublication,
    now: datetime,
    before: EarlierFreeBeds,
    live_scores: LiveScores | None,
    address: str | None,
    *,
    as_text: bool,
) -> str:
    """Return the morning page of a publication. Its links lead to the service at `address`; it has none without."""
    templates = briefing_templates(address)
    shown = {
        "page": frame(served, now, content_version(served, now, before.name)),
        "index": system_page(served, now, before, EVERY_PLACE),
        "lately": recent_error(live_scores, served.publication),
    }
    if as_text:
        return templates.get_template("briefing.txt").render(**shown, plain=_plain)
    css = (STATIC_FILES / "page.css").read_text(encoding="utf-8")
    return templates.get_template("briefing.html").render(**shown, css=css)


def _plain(figure: Figure) -> str:
    return figure.centre if figure.interval is None else f"{figure.centre} ({figure.interval})"
