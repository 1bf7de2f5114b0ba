"""Runs on a Dask cluster: the client is the user's, of a cluster on this machine or on many."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from kamesim import errors
from kamesim.experiment.design import WHAT, Point
from kamesim.experiment.execution import Outcome, execute, failure


def check_client(client: Any) -> None:
    """That it is a client, and of a kind that is waited for."""
    if not all(hasattr(client, name) for name in ("submit", "scatter", "cancel")):
        errors.fail(WHAT, "client", client, "a distributed.Client")
    if getattr(client, "asynchronous", False):
        errors.fail(WHAT, "client", client, "a distributed.Client that is not asynchronous")


def cluster_outcomes(
    scenario: Callable[..., Any], points: list[Point], client: Any
) -> Generator[tuple[Point, Outcome], None, None]:
    """Runs the points on the cluster, and gives each with its outcome as it comes."""
    import distributed

    as_completed: Any = distributed.as_completed
    futures: dict[Any, Point] = {}
    try:
        for point in points:
            # Under the run's key, and not pure: the cluster must not answer from what an earlier scenario left behind.
            call = client.submit(execute, scenario, point.parameters, point.seed, point.key, pure=False)
            futures[call] = point
        for future in as_completed(list(futures)):
            point = futures.pop(future)
            yield point, _outcome(future)
            future.release()
    finally:
        if futures:
            client.cancel(list(futures), force=True)


def _outcome(future: Any) -> Outcome:
    """The scenario's own errors are outcomes; what remains is the cluster's: a worker that died, a lost dependency."""
    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    if future.status == "cancelled":
        return failure("the cluster cancelled the run")
    error = future.exception()
    return failure(f"{type(error).__name__}: {error}")
