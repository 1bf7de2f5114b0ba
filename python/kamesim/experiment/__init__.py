"""Experiments: a scenario, a grid of parameters, and seeds; run on all cores, kept in a file, analysed and plotted.

    from kamesim import experiment

    def outage(*, seed, ra_interval, l2_delay):
        net = ks.Network(seed=seed)
        ...
        return {"outage_s": ..., "lost": ...}

    if __name__ == "__main__":
        results = experiment.run(
            outage, grid={"ra_interval": [0.05, 0.5, 1.5], "l2_delay": [0.0, 0.05]}, seeds=30, file="outage.jsonl"
        )
        print(results.summary("outage_s", by="ra_interval"))
        results.plot_cdf("outage_s", by="ra_interval").save("outage.svg", "outage.png")

The same call again runs only what the file has not: after a kill, or with more seeds or values than before.
"""

from kamesim.experiment.results import Results, load
from kamesim.experiment.statistics import Estimate, confidence
from kamesim.experiment.study import run

__all__ = ["Estimate", "Results", "confidence", "load", "run"]
