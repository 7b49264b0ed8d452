"""The section of statistical control on the accuracy page: signals in words, and the state of every check."""

from collections.abc import Sequence

from publication.control import ControlCheck, ControlState, sentence
from publication.live_scores import LiveScores
from publication.model import Publication
from publication.vocabulary import SeriesKey
from service.page import wording
from service.page.accuracy_parts import AccuracySection, ControlCell, ControlTable
from service.queries.control import ControlSelection

CONTROL_ADDRESS = "/v1/control"
EVERY_CHECK = ControlSelection()
OPEN_SIGNALS = ControlSelection(signal=True)
NO_SIGNAL, TOO_LITTLE, NOT_CHECKED = "no signal", "too little to check yet", "not checked"
NO_SIGNAL_SENTENCE, TOO_LITTLE_SENTENCE = "No signal.", "Too little to check yet."
CHECKS_SENTENCE = (
    "Bias, coverage and skill are tests of the forecasts one day ahead since the champion began to publish. The other "
    "checks compare the inputs of the last four weeks with those before its training."
)
CAPTION = "All places together. A signal begins where the evidence of a check reaches its limit."


def control_section(publication: Publication, live_scores: LiveScores) -> AccuracySection | None:
    """Return the section; None where nothing is checked, as for a reader of one place."""
    states = EVERY_CHECK.states(publication, live_scores)
    if not states:
        return None
    signals = tuple(sentence(state) for state in states if state.signal is not None)
    sentences = (CHECKS_SENTENCE,) if signals else (_without_signal(states), CHECKS_SENTENCE)
    return AccuracySection("control", "Control", sentences, (), None, signals, _table(publication, states))


def open_signals(publication: Publication, live_scores: LiveScores | None) -> int:
    """Return the number of signals; 0 for a reader of one place, who sees none."""
    return len(OPEN_SIGNALS.states(publication, live_scores))


def _without_signal(states: Sequence[ControlState]) -> str:
    return TOO_LITTLE_SENTENCE if all(state.evidence is None for state in states) else NO_SIGNAL_SENTENCE


def _table(publication: Publication, states: Sequence[ControlState]) -> ControlTable:
    found = {(state.measure, state.check): state for state in states}
    checked = [of.name for of in publication.system.measures if any(state.measure == of.name for state in states)]
    rows = tuple(
        (wording.title(SeriesKey("", measure)), tuple(_cell(found.get((measure, check))) for check in ControlCheck))
        for measure in checked
    )
    columns = ("Measure", *(check.value.capitalize() for check in ControlCheck))
    return ControlTable(CAPTION, columns, rows, CONTROL_ADDRESS)


def _cell(state: ControlState | None) -> ControlCell:
    if state is None:
        return ControlCell(wording.EN_DASH, NOT_CHECKED, is_signal=False)
    days = f"{state.n_days} {'day' if state.n_days == 1 else 'days'}"
    evidence = days if state.evidence is None else f"evidence {wording.rate(state.evidence)} of the limit, {days}"
    if state.signal is not None:
        return ControlCell(f"signal since {wording.day_with_year(state.signal.since)}", evidence, is_signal=True)
    return ControlCell(TOO_LITTLE if state.evidence is None else NO_SIGNAL, evidence, is_signal=False)
