"""Requests and responses over TCP or UDP, timed one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kamesim import _core

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from kamesim.node import Node


class RequestResponse:
    """A client that asks a server again and again (see `Network.request_response`). It fills as virtual time passes."""

    def __init__(
        self, name: str, client: Node, server: Node, core: _core.RequestResponse | _core.UdpRequestResponse
    ) -> None:
        self.name = name
        self.client = client
        self.server = server
        self._core = core

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return len(self._core.asked_ns())

    @property
    def answered(self) -> int:
        """Requests whose whole answer has come."""
        return int((self._core.completed_ns() >= 0).sum())

    @property
    def connections(self) -> int:
        """Connections that the client has opened; none over UDP."""
        return self._core.connections

    @property
    def completion_time(self) -> np.ndarray[Any, Any]:
        """From each request to the last byte of its answer, in seconds; NaN: not yet, or it was lost.

        What it takes to open the connection counts for the request that needed it.
        """
        import numpy as np

        completed = self._core.completed_ns()
        return np.where(completed >= 0, completed / 1e9, np.nan)

    def frame(self) -> pd.DataFrame:
        """One row a request: seq, time_s (made at), completion_s (NaN: not answered)."""
        import numpy as np
        import pandas as pd

        asked = self._core.asked_ns() / 1e9
        return pd.DataFrame({"seq": np.arange(len(asked)), "time_s": asked, "completion_s": self.completion_time})

    def __repr__(self) -> str:
        ends = f"{self.client.name} -> {self.server.name}"
        return f"<RequestResponse {self.name!r} {ends}: {self.requests} requests, {self.answered} answered>"
