"""Radio cells and roaming in scenario files: what is beyond the simplest."""

from __future__ import annotations

from typing import Any

from kamesim.cell import Radio, Roaming
from kamesim.radio import Exponential, LogNormal, Scan, Shadowing, TwoRay


def write_radio(entry: Any, radio: Radio) -> None:
    """Into the message Cell."""
    if radio.two_ray is not None:
        entry.two_ray.antenna_height_m = radio.two_ray.antenna_height
        entry.two_ray.station_height_m = radio.two_ray.station_height
        entry.two_ray.frequency_hz = radio.two_ray.frequency
    if radio.shadowing is not None:
        entry.shadowing_deviation_db = radio.shadowing.deviation
        entry.decorrelation_distance_m = radio.shadowing.decorrelation_distance


def read_two_ray(entry: Any) -> TwoRay | None:
    """Of a message Cell."""
    if not entry.HasField("two_ray"):
        return None
    ground = entry.two_ray
    return TwoRay(ground.antenna_height_m, ground.station_height_m, ground.frequency_hz)


def read_shadowing(entry: Any) -> Shadowing | None:
    """Of a message Cell."""
    if entry.shadowing_deviation_db == 0:
        return None
    return Shadowing(entry.shadowing_deviation_db, entry.decorrelation_distance_m)


def write_roaming(entry: Any, roaming: Roaming) -> None:
    """Into the message Roaming: the delay and the scan."""
    delay = roaming.delay
    entry.handoff_min_ns, entry.handoff_max_ns = delay.min_ns, delay.max_ns
    if delay.shape != "uniform":
        entry.handoff_shape, entry.handoff_scale_ns, entry.handoff_sigma = delay.shape, delay.scale_ns, delay.sigma
    if roaming.scan is not None:
        channels, least, most, switch = roaming.scan.to_core("scan")
        entry.scan.channels, entry.scan.switch_time_ns = channels, switch
        entry.scan.min_channel_time_ns, entry.scan.max_channel_time_ns = least, most


def read_delay(entry: Any) -> tuple[float, float] | Exponential | LogNormal:
    """Of a message Roaming."""
    least, scale = entry.handoff_min_ns / 1e9, entry.handoff_scale_ns / 1e9
    if entry.handoff_shape == "exponential":
        return Exponential(scale, least)
    if entry.handoff_shape == "log-normal":
        return LogNormal(scale, entry.handoff_sigma, least)
    return least, entry.handoff_max_ns / 1e9


def read_scan(entry: Any) -> Scan | None:
    """Of a message Roaming."""
    if not entry.HasField("scan"):
        return None
    scan = entry.scan
    times = (scan.min_channel_time_ns / 1e9, scan.max_channel_time_ns / 1e9, scan.switch_time_ns / 1e9)
    return Scan(scan.channels, *times)
