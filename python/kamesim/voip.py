"""The quality of speech over a flow, by ITU-T's E-model.

    call = net.udp_flow(a, b, rate=50, size=172, ...)     # G.711, 20 ms of speech a packet, with its RTP header
    quality = voip.quality(call.frame(), codec=voip.G711_PLC)
    quality.r_factor, quality.mos

R = R0 - Is - Id - Ie,eff + A (ITU-T G.107). With the Recommendation's default values for all that a network of packets
does not change, R0 - Is is 93.2 (G.107 12/2011, clause 7.7), so R = 93.2 - Id - Ie,eff + A. Id is its part Idd, for
one-way mouth-to-ear delays above 100 ms (clause 7.4; there is no echo). Ie,eff is what the codec and lost packets do
(clause 7.5), with the codecs' values of G.113, Appendix I. MOS follows from R by Annex B. Many papers have the fit of
Cole and Rosenbluth instead, whose delays below 177 ms cost up to 4 points more: `fitted_r_factor`.

A packet that comes later than the receiver's buffer holds it is lost for the ear. The buffer's delay is fixed. The
losses of a hand-off come in one long row, beyond what G.107 was tested with (BurstR up to 2): compare such values with
each other, and look at them over time (`windows`), where speech is gone and where it is good.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kamesim import errors

if TYPE_CHECKING:
    import pandas as pd

#: R0 - Is with the default values of G.107 (clause 7.7).
DEFAULT_R = 93.2

_UNIMPAIRED_MS = 100.0  # Ta up to which Idd is 0, clause 7.4


@dataclass(frozen=True)
class Codec:
    """What a codec is to the E-model: ITU-T G.113 Appendix I; and its own delay."""

    name: str
    impairment: float  #: Ie, without loss
    robustness: float  #: Bpl, against packet loss
    delay: float  #: of framing and look-ahead, seconds


G711 = Codec("G.711", 0.0, 4.3, 0.020)  #: 20 ms a packet, without concealment of losses
G711_PLC = Codec("G.711 with packet loss concealment", 0.0, 25.1, 0.020)  #: by G.711 Appendix I
G729A = Codec("G.729A", 11.0, 19.0, 0.025)  #: with VAD, 20 ms a packet and 5 ms of look-ahead


#: g1, g2, g3 of Cole and Rosenbluth's Ie.
_FITS = {G711_PLC: (0.0, 30.0, 15.0), G729A: (11.0, 40.0, 10.0)}


@dataclass(frozen=True)
class Quality:
    """How speech fared."""

    r_factor: float  #: 0 to 100; above 80 users are satisfied, below 50 nearly all are not
    mos: float  #: mean opinion score, 1 to 4.5
    loss: float  #: the part of packets that the ear missed
    late: float  #: of those, what came after its time
    burst_ratio: float  #: mean length of losses in a row over what random loss would have
    delay: float  #: mouth to ear, seconds


def delay_impairment(delay: float) -> float:
    """Idd of a one-way mouth-to-ear delay in seconds: G.107 clause 7.4, with mT = 100 ms and sT = 1."""
    ms = delay * 1e3
    if ms <= _UNIMPAIRED_MS:
        return 0.0
    x = math.log2(ms / _UNIMPAIRED_MS)
    return 25 * (math.pow(1 + x**6, 1 / 6) - 3 * math.pow(1 + (x / 3) ** 6, 1 / 6) + 2)


def loss_impairment(codec: Codec, loss: float, burst_ratio: float = 1.0) -> float:
    """Ie,eff of a part of packets lost (0 to 1): G.107 clause 7.5."""
    percent = 100 * loss
    if percent <= 0:
        return codec.impairment
    return codec.impairment + (95 - codec.impairment) * percent / (percent / burst_ratio + codec.robustness)


def fitted_r_factor(codec: Codec, delay: float, loss: float) -> float:
    """R by Cole and Rosenbluth's fit to G.107 of 2000 ("Voice over IP performance monitoring", ACM CCR 31(2), 2001).

    94.2 - 0.024 d - 0.11 (d - 177.3 if above) - Ie, with d the mouth-to-ear delay in ms; Ie = g1 + g2 ln(1 + g3 e), e
    the part of packets lost at random. delay: seconds. loss: 0 to 1. Of G.711 with concealment and of G.729A.
    """
    if codec not in _FITS:
        right = " or ".join(f"voip.{name}" for name in ("G711_PLC", "G729A"))
        errors.fail("voip.fitted_r_factor", "codec", codec, f"{right}: of no other there is a fit")
    ms = 1e3 * errors.number("voip.fitted_r_factor", "delay", delay, "seconds")
    part = errors.number("voip.fitted_r_factor", "loss", loss, "", maximum=1)
    without, slope, scale = _FITS[codec]
    impairment = without + slope * math.log1p(scale * part)
    return min(100.0, max(0.0, 94.2 - 0.024 * ms - 0.11 * max(0.0, ms - 177.3) - impairment))


def mean_opinion_score(r_factor: float) -> float:
    """MOS of an R factor: G.107 Annex B."""
    if r_factor <= 0:
        return 1.0
    if r_factor >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r_factor + r_factor * (r_factor - 60) * (100 - r_factor) * 7e-6)


def quality(
    packets: pd.DataFrame, *, codec: Codec = G711_PLC, buffer: float = 0.06, advantage: float = 0.0
) -> Quality:
    """The quality of what arrived.

    packets: a row a packet in the order of sending, with delay_s (one way; NaN: lost), as `Flow.frame()` has it.
    buffer: the playout delay, seconds: a packet later than the earliest one by more than this is missed. advantage: A,
    what users forgive for the convenience: 0 at a desk, up to 10 in a moving vehicle (G.107 Table 1).
    """
    delays = _delays(packets)
    return _quality(delays, _least(delays), codec, buffer, advantage)


def windows(
    packets: pd.DataFrame,
    *,
    length: float = 5.0,
    codec: Codec = G711_PLC,
    buffer: float = 0.06,
    advantage: float = 0.0,
) -> pd.DataFrame:
    """The quality over time: a row for each stretch of `length` seconds: time_s (its begin), r_factor, mos, loss.

    packets: with time_s as well. The others are those of `quality`; the earliest packet is that of the whole.
    """
    import pandas as pd

    width = errors.number("voip.windows", "length", length, "seconds", above=0)
    delays = _delays(packets)
    if "time_s" not in packets.columns:
        errors.fail("voip.windows", "packets", list(packets.columns), "a DataFrame with a column time_s, too")
    least = _least(delays)
    numbers = (packets["time_s"].to_numpy() // width).astype(int)
    rows = []
    for number in range(numbers.min(), numbers.max() + 1):
        part = delays[numbers == number]
        if len(part):
            q = _quality(part, least, codec, buffer, advantage)
            rows.append((number * width, q.r_factor, q.mos, q.loss))
    return pd.DataFrame(rows, columns=["time_s", "r_factor", "mos", "loss"])


def _delays(packets: pd.DataFrame) -> Any:
    what = "voip"
    if "delay_s" not in getattr(packets, "columns", ()):
        errors.fail(what, "packets", type(packets).__name__, "a DataFrame with a column delay_s, as Flow.frame() gives")
    if not len(packets):
        errors.fail(what, "packets", "empty", "one packet or more")
    return packets["delay_s"].to_numpy(dtype=float)


def _least(delays: Any) -> float:
    import numpy as np

    return math.nan if np.isnan(delays).all() else float(np.nanmin(delays))


def _quality(delays: Any, least: float, codec: Codec, buffer: float, advantage: float) -> Quality:
    """`least`: the delay of the earliest packet, which the receiver's clock goes by; NaN: nothing ever came."""
    import numpy as np

    what = "voip"
    if not isinstance(codec, Codec):
        errors.fail(what, "codec", codec, "a kamesim.voip.Codec, such as G711")
    hold = errors.number(what, "buffer", buffer, "seconds")
    forgiven = errors.number(what, "advantage", advantage, "", maximum=20)
    arrived = ~np.isnan(delays)
    if not arrived.any():
        return Quality(0.0, 1.0, 1.0, 0.0, 1.0, math.nan)
    missed = ~arrived | (np.where(arrived, delays, 0.0) > least + hold + 1e-9)
    loss, ratio = float(missed.mean()), burst_ratio(missed)
    mouth_to_ear = codec.delay + least + hold
    r = DEFAULT_R - delay_impairment(mouth_to_ear) - loss_impairment(codec, loss, ratio) + forgiven
    r = min(100.0, max(0.0, r))
    return Quality(r, mean_opinion_score(r), loss, float((missed & arrived).mean()), ratio, mouth_to_ear)


def burst_ratio(missed: Any) -> float:
    """BurstR of G.107 clause 7.5: the mean length of losses in a row, over 1 / (1 - loss), that of random loss."""
    import numpy as np

    lost = np.asarray(missed, dtype=bool)
    total = int(lost.sum())
    if total == 0 or total == len(lost):
        return 1.0
    bursts = int(lost[0]) + int((lost[1:] & ~lost[:-1]).sum())
    return max(1.0, (total / bursts) * (1 - total / len(lost)))
