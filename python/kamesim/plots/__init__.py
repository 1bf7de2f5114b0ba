"""Pictures of a run: the message ladder and the delay timeline.

Each is an object: `figure()` gives the matplotlib figure, `save(path)` writes it in the format of the suffix, and
a notebook shows it as it stands. No pyplot state is used, so nothing has to be closed.
"""

from kamesim.plots.ladder import Ladder, LadderEvent, LadderMessage, LadderPhase
from kamesim.plots.timeline import HandoffSpan, Timeline

__all__ = ["HandoffSpan", "Ladder", "LadderEvent", "LadderMessage", "LadderPhase", "Timeline"]
