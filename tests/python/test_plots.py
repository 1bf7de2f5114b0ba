"""kamesim.plots: what the pictures contain, from made-up data."""

import math
import re
import struct
import xml.etree.ElementTree

import matplotlib
import pandas as pd
import pytest

from kamesim.plots import HandoffSpan, Ladder, LadderEvent, LadderMessage, LadderPhase, Timeline
from kamesim.plots.ladder import _TimeScale, format_duration

SVG = "{http://www.w3.org/2000/svg}"


def handoff_ladder(**options):
    messages = [
        LadderMessage(9.99, None, "CN", "MN", "UDP 17", "data", "to the old care-of address"),
        LadderMessage(10.4, 10.4001, "AR", "MN", "RA", "nd", "2001:db8:2::/64"),
        LadderMessage(11.9, 11.91, "MN", "HA", "Binding Update", "bu", "seq 7 & 420 s"),
        LadderMessage(11.9101, 11.9201, "HA", "MN", "Binding Ack", "bu"),
        LadderMessage(11.9202, 11.97, "MN", "CN", "Home Test Init", "rr"),
    ]
    return Ladder(
        ["MN", "AR", "HA", "CN"],
        messages,
        events=[
            LadderEvent(10.05, "MN", "link up"),
            LadderEvent(11.9, "MN", "DAD done"),
            LadderEvent(11.91, "HA", "proxy"),
        ],
        phases=[
            LadderPhase("L2 hand-off", 10.0, 10.05),
            LadderPhase("Movement detection", 10.05, 10.4001),
            LadderPhase("DAD", 10.4001, 11.9),
            LadderPhase("Outage", 10.0, 11.97),
        ],
        title="Hand-off 1 <cell 1 to cell 2>",
        captions={"MN": "mobile node"},
        **options,
    )


def texts(svg):
    return {"".join(element.itertext()) for element in xml.etree.ElementTree.fromstring(svg).iter(f"{SVG}text")}


# --- The ladder -----------------------------------------------------------------------------------------------


def test_ladder_svg_holds_every_text(tmp_path):
    handoff_ladder().save(tmp_path / "ladder.svg")
    found = texts((tmp_path / "ladder.svg").read_text())
    assert {"MN", "AR", "HA", "CN", "mobile node", "Hand-off 1 <cell 1 to cell 2>"} <= found
    assert {"UDP 17", "RA", "Binding Update", "Binding Ack", "Home Test Init", "seq 7 & 420 s"} <= found
    assert {"link up", "DAD done", "proxy", "L2 hand-off", "Movement detection", "DAD", "Outage"} <= found
    assert {"50.0 ms", "350.1 ms", "1.50 s", "1.97 s"} <= found  # durations of the phases
    assert {"0.0", "60.0", "1910.0"} <= found  # times on the side
    assert {"Neighbor Discovery", "Binding", "Return routability", "Data", "Lost", "Time shortened"} <= found


def test_ladder_is_at_most_900_pixels_wide_and_its_texts_stay_inside():
    root = xml.etree.ElementTree.fromstring(handoff_ladder()._repr_svg_())
    width = float(root.get("width").removesuffix("pt"))
    assert width * 96 / 72 <= 900
    for element in root.iter(f"{SVG}text"):
        for x in re.findall(r"translate\(([-\d.]+)", element.get("transform", "")):
            assert 0 <= float(x) <= width


def test_the_same_ladder_gives_the_same_bytes():
    assert handoff_ladder()._repr_svg_() == handoff_ladder()._repr_svg_()


def test_ladder_png_by_suffix(tmp_path):
    handoff_ladder().save(tmp_path / "ladder.png")
    assert (tmp_path / "ladder.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"its suffix must be \.svg or \.png"):
        handoff_ladder().save(tmp_path / "ladder.docx")


def test_idle_time_is_shortened_and_marked_only_if_asked_for():
    assert "Time shortened" not in texts(handoff_ladder(compress_gaps=False)._repr_svg_())
    shortened, linear = _TimeScale(handoff_ladder()), _TimeScale(handoff_ladder(compress_gaps=False))
    assert (10.4001, 11.9) in shortened.compressed
    assert not linear.compressed
    half_way = linear(11.9) / linear.height
    assert half_way == pytest.approx((11.9 - 9.99) / (11.97 - 9.99))


def test_heights_never_fall_and_labels_keep_apart():
    messages = [LadderMessage(1 + i * 1e-6, 1 + i * 1e-6, "a", "b", f"m{i}") for i in range(20)]
    scale = _TimeScale(Ladder(["a", "b"], messages))
    heights = [scale(message.time_sent) for message in messages]
    assert all(later - earlier >= 14 for earlier, later in zip(heights, heights[1:]))


def test_an_arrow_slants_down_by_its_time_under_way():
    scale = _TimeScale(handoff_ladder())
    assert scale(11.91) > scale(11.9)
    assert scale(11.97) > scale(11.9202)


def test_a_ladder_of_one_event_and_one_of_unknown_kinds_are_drawn():
    assert "boot" in texts(Ladder(["a"], [], events=[LadderEvent(0, "a", "boot")])._repr_svg_())
    ladder = Ladder(["a", "b"], [LadderMessage(0.0, 0.0, "b", "a", "$x_1$", "carrier pigeon")])
    assert {"$x_1$", "carrier pigeon"} <= texts(ladder._repr_svg_())


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Ladder([], []), "participants is empty"),
        (lambda: Ladder(["a", "a"], []), "each may stand there once"),
        (lambda: Ladder(["a"], []), "nothing to draw"),
        (lambda: Ladder(["a", "b"], [LadderMessage(0, 1, "a", "c", "m")]), "message 'm': 'c' is not a participant"),
        (lambda: Ladder(["a", "b"], [LadderMessage(0, 1, "a", "a", "m")]), "message 'm' goes from 'a' to itself"),
        (lambda: Ladder(["a", "b"], [LadderMessage(1, 0, "a", "b", "m")]), "message 'm' is received before"),
        (lambda: Ladder(["a", "b"], [LadderMessage(math.nan, None, "a", "b", "m")]), "a time is nan"),
        (lambda: Ladder(["a"], [], events=[LadderEvent(0, "z", "e")]), "event 'e': 'z' is not a participant"),
        (lambda: Ladder(["a"], [], phases=[LadderPhase("p", 2, 1)]), "phase 'p' ends before it starts"),
    ],
)
def test_a_ladder_that_cannot_be_says_why(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_durations_read_as_people_write_them():
    cases = {0: "0.0 ms", 2e-5: "20 us", 0.0412: "41.2 ms", 1.534: "1.53 s"}
    assert {seconds: format_duration(seconds) for seconds in cases} == cases


# --- The timeline ---------------------------------------------------------------------------------------------


def packets():
    rows = [(i / 100, math.nan if 500 <= i < 700 else 0.04, d) for d in ("down", "up") for i in range(2000)]
    return pd.DataFrame(rows, columns=["time_s", "delay_s", "direction"])


@pytest.mark.parametrize("log", [False, True])
def test_timeline_is_a_png_of_sensible_size(tmp_path, log):
    timeline = Timeline(packets(), handoffs=[HandoffSpan(5.0, 7.0, "home to cell 1")], title="A run", log=log)
    timeline.save(tmp_path / "timeline.png")
    data = (tmp_path / "timeline.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert 800 <= width <= 1600 and 400 <= height <= 1000
    assert 10_000 <= len(data) <= 500_000


def test_timeline_counts_losses_and_names_hand_offs(tmp_path):
    spans = [HandoffSpan(5.0, 7.0, "home to cell 1"), HandoffSpan(7.1, 7.2, "cell 1 to cell 2")]
    Timeline(packets(), handoffs=spans, title="A run").save(tmp_path / "timeline.svg")
    found = texts((tmp_path / "timeline.svg").read_text())
    assert {"A run", "lost down", "lost up", "hand-off", "one-way delay, ms", "time sent, s"} <= found
    assert {"down: 2000 sent, 200 lost", "up: 2000 sent, 200 lost"} <= found
    assert {"home to cell 1", "cell 1 to cell 2", "2.00 s", "0.10 s"} <= found


def test_timeline_where_everything_is_lost_and_of_one_packet():
    Timeline(pd.DataFrame({"time_s": [1.0], "delay_s": [math.nan], "direction": ["up"]})).figure()


def test_timeline_says_what_is_missing():
    with pytest.raises(ValueError, match="packets has no column 'direction'"):
        Timeline(packets().drop(columns="direction"))
    with pytest.raises(ValueError, match="packets is empty"):
        Timeline(packets().head(0))
    with pytest.raises(ValueError, match="hand-off 'x' ends before it starts"):
        Timeline(packets(), handoffs=[HandoffSpan(2, 1, "x")])


def test_plots_leave_matplotlib_s_settings_alone():
    before = dict(matplotlib.rcParams)
    handoff_ladder()._repr_svg_()
    assert Timeline(packets())._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
