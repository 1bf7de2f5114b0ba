"""Pictures: the message ladder and the delay timeline of a run; distributions, boxes and means of many runs.

Each is an object: `figure()` gives the matplotlib figure, `save(path, ...)` writes it in the format of each suffix, and
a notebook shows it as it stands. No pyplot state is used, so nothing has to be closed.
"""

from kamesim.plots.boxes import BoxPlot
from kamesim.plots.cdf import Cdf
from kamesim.plots.ladder import Ladder, LadderEvent, LadderMessage, LadderPhase
from kamesim.plots.means import MeanPlot
from kamesim.plots.phases import PhaseBars
from kamesim.plots.timeline import HandoffSpan, Timeline

__all__ = [
    "BoxPlot",
    "Cdf",
    "HandoffSpan",
    "Ladder",
    "LadderEvent",
    "LadderMessage",
    "LadderPhase",
    "MeanPlot",
    "PhaseBars",
    "Timeline",
]
