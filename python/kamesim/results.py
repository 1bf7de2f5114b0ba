"""What comes out of a run, as tables and as files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kamesim import errors, tables

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.flow import Flow
    from kamesim.handoff import Handoff
    from kamesim.running import Running


class Run:
    """The results of a network at the present virtual time: it looks at the network, and copies nothing."""

    def __init__(self, network: Running) -> None:
        self._network = network
        self._interrupted = network._interrupted

    @property
    def now(self) -> float:
        """The virtual time, in seconds."""
        return self._network.now

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or an exception ended the run before its time."""
        return self._interrupted

    @property
    def flows(self) -> dict[str, Flow]:
        """The measured UDP flows, by name."""
        return dict(self._network._flows)

    @property
    def trace(self) -> pd.DataFrame:
        """What happened on all nodes: see `Network.trace`."""
        return self._network.trace()

    @property
    def drops(self) -> pd.DataFrame:
        """What was discarded: see `Network.drops`."""
        return self._network.drops()

    def flow_table(self) -> pd.DataFrame:
        """One row a flow: flow, source, destination, sent, received, lost, duplicated, reordered, and delays in s."""
        rows = []
        for flow in self.flows.values():
            delays = flow.delay[flow.delay >= 0]
            statistics = (delays.mean(), delays.min(), delays.max()) if len(delays) else (float("nan"),) * 3
            counts = (flow.sent, flow.received, flow.lost, flow.duplicated, flow.reordered)
            rows.append((flow.name, flow.source.name, flow.destination.name, *counts, *statistics))
        counted = ["sent", "received", "lost", "duplicated", "reordered"]
        return tables.frame(
            rows, ["flow", "source", "destination", *counted, "mean_delay_s", "min_delay_s", "max_delay_s"]
        )

    def save(
        self,
        path: errors.PathLike,
        *,
        parameters: dict[str, object] | None = None,
        handoffs: Sequence[Handoff] = (),
    ) -> None:
        """Writes everything to a file, as the Protobuf message Results of sim/formats/results.proto.

        parameters: those of the scenario, to be kept with it. handoffs: what `kamesim.handoff` made of the trace.
        """
        from kamesim.results_file import results_message

        target = errors.writable_path("save results", "path", path)
        message = results_message(self._network, self._interrupted, parameters or {}, handoffs)
        errors.write_file("save results", target, message.SerializeToString(deterministic=True))

    def to_csv(self, folder: errors.PathLike) -> list[str]:
        """Writes CSV files into a folder, which is made if it is not there; returns their paths.

        flows.csv, flow_<name>.csv for each flow's packets, trace.csv, drops.csv.
        """
        target = errors.writable_folder("results to CSV", "folder", folder)
        files = {"flows.csv": self.flow_table(), "trace.csv": self.trace, "drops.csv": self.drops}
        for flow in self.flows.values():
            files[f"flow_{errors.file_name(flow.name)}.csv"] = flow.frame()
        paths = []
        for name, table in files.items():
            paths.append(os.path.join(target, name))
            errors.write_file("results to CSV", paths[-1], table.to_csv(index=False).encode())
        return paths

    def __repr__(self) -> str:
        state = " (interrupted)" if self.interrupted else ""
        return f"<Run of {self._network.name!r} until {self.now:g} s{state}: {len(self._network._flows)} flows>"
