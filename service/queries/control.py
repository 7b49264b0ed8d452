"""The states of statistical control that a request selects."""

from collections.abc import Mapping
from dataclasses import dataclass

from publication.control import ControlCheck, ControlState
from publication.live_scores import LiveScores
from publication.model import Publication
from service.queries.selection import EVERYTHING, Selection, split_values


@dataclass(frozen=True, slots=True)
class ControlSelection:
    """Filters by measure, check and signal, all optional. Of `series`, the measures alone are used."""

    series: Selection = EVERYTHING
    check: ControlCheck | None = None
    signal: bool | None = None

    def states(self, publication: Publication, live_scores: LiveScores | None) -> tuple[ControlState, ...]:
        """Return the selected states, in the order of the measures and of the checks.

        They are of all places together: a view of one place, which sees nothing of others, has none.
        """
        if live_scores is None or publication.system.name != live_scores.system:
            return ()
        measures = publication.system.measure_by_name
        wanted = split_values(self.series.measures, measures) or list(measures)
        admitted = [state for state in live_scores.control if state.measure in wanted and self._admits(state)]
        order = {name: position for position, name in enumerate(measures)}
        return tuple(sorted(admitted, key=lambda state: (order[state.measure], CHECK_ORDER[state.check])))

    def _admits(self, state: ControlState) -> bool:
        return self.check in (None, state.check) and self.signal in (None, state.signal is not None)


CHECK_ORDER: Mapping[ControlCheck, int] = {check: position for position, check in enumerate(ControlCheck)}
