"""Results as one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from kamesim.conformance.case import Level
from kamesim.conformance.dissection import dissected, summary
from kamesim.conformance.record import Entry, Frame, Record
from kamesim.conformance.result import Count, Result, count
from kamesim.conformance.summary import by_section

LONGEST_STORY = 300  # entries of a record that are shown, from its end

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --good: #2e7d32; --soft: #8882; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
td.count, th.count { text-align: right; font-variant-numeric: tabular-nums; width: 6rem; }
.failed { color: var(--bad); font-weight: 600; } .passed { color: var(--good); } .soft { opacity: .7; }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; margin: .3rem 0; font-size: 12.5px; }
code { font-size: 13px; } summary { cursor: pointer; font-family: ui-monospace, monospace; font-size: 12.5px; }
.story td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; width: 7rem; }
.story .wanted { width: 26rem; } .node { border-left: 3px solid #1976d2; } .tester { border-left: 3px solid #8888; }
#find { font: inherit; padding: .3rem .5rem; width: 24rem; max-width: 100%; }
"""

SCRIPT = """
const box = document.getElementById('find'), rows = document.querySelectorAll('#cases tbody tr');
box.addEventListener('input', () => {
  const words = box.value.toLowerCase().split(/\\s+/);
  for (const row of rows) row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
});
"""


def write_html(path: Path, results: Sequence[Result]) -> None:
    """The counts, the failed cases with their packets, the table by RFC section, and a list of all cases."""
    total = count(list(results))
    failed = [result for result in results if result.failed]
    suites = ", ".join(dict.fromkeys(result.case.suite for result in results))
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>kamesim conformance: {total}</title><style>{STYLE}</style></head><body>",
        f"<h1>Conformance</h1><p>Suites: {escape(suites)}. <b class={_class(total)}>{total}</b>.</p>",
    ]
    if failed:
        parts.append(f"<h2>Failed cases</h2>{''.join(map(_failed, failed))}")
    parts += [_sections(results), _cases(results), f"<script>{SCRIPT}</script></body></html>"]
    path.write_text("\n".join(parts), encoding="utf-8")


def _class(counted: Count) -> str:
    return "failed" if counted.failed else "passed"


# --- Failed cases -----------------------------------------------------------------------------------------------------


def _failed(result: Result) -> str:
    case = result.case
    rules = ", ".join(f"{rule} ({rule.level.value})" for rule in case.rules)
    logo = f"; Ready Logo {case.logo}" if case.logo else ""
    source = f"<details><summary>in the case</summary><pre>{escape(result.source)}</pre></details>"
    return f"""<section id="{escape(case.id)}"><h3 class=failed>{escape(case.title)}</h3>
<p class=soft><code>{escape(case.id)}</code>; {case.role}; {escape(rules)}{escape(logo)}</p>
<pre>{escape(result.message)}</pre>{source}{_story(result.record)}</section>"""


def _story(record: Record) -> str:
    left_out = len(record.entries) - LONGEST_STORY
    note = f"<p class=soft>{left_out} entries before are left out.</p>" if left_out > 0 else ""
    rows = "\n".join(_entry(entry, record.links[entry.link]) for entry in record.entries[-LONGEST_STORY:])
    head = "<tr><th>time (s)<th>link<th>from<th>on the wire<th class=wanted>expected</tr>"
    return f"{note}<table class=story><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _entry(entry: Entry, link: str) -> str:
    if isinstance(entry, Frame):
        sender = "tester" if entry.sent else "node"
        packet = f"<details><summary>{escape(summary(entry))}</summary><pre>{escape(dissected(entry))}</pre></details>"
        return f"<tr class={sender}><td>{entry.time:.6f}<td>{escape(link)}<td>{sender}<td>{packet}<td></tr>"
    kind, mark = {True: ("passed", "met"), False: ("failed", "not met"), None: ("soft", "waiting")}[entry.met]
    wanted = f"<span class={kind}>{escape(entry.text)}: {mark}</span>"
    return f"<tr><td>{entry.time:.6f}<td>{escape(link)}<td><td><td class=wanted>{wanted}</tr>"


# --- Tables -----------------------------------------------------------------------------------------------------------


def _sections(results: Sequence[Result]) -> str:
    head = "".join(f"<th class=count>{level.value}" for level in Level)
    rows = []
    for place, counts in by_section(results):
        cells = "".join(f"<td class=count>{_cell(counts[level])}" for level in Level)
        rows.append(f"<tr><td>{escape(place)}{cells}</tr>")
    table = f"<table><thead><tr><th>section{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<h2>By RFC section</h2><p class=soft>Cases passed/failed.</p>{table}"


def _cell(counted: Count) -> str:
    if not counted.all:
        return ""
    return f"<span class={_class(counted)}>{counted.passed}/{counted.failed}</span>"


def _cases(results: Sequence[Result]) -> str:
    head = "<tr><th>case<th>title<th>role<th>rules<th>Ready Logo<th>outcome</tr>"
    rows = "\n".join(map(_case, results))
    search = "<p><input id=find type=search placeholder='words to look for' aria-label='words to look for'></p>"
    return f"<h2>All cases</h2>{search}<table id=cases><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _case(result: Result) -> str:
    case, outcome = result.case, result.outcome.value
    name = f"<code>{escape(case.id)}</code>"
    if result.failed:
        name = f'<a href="#{escape(case.id)}">{name}</a>'
    rules = escape(", ".join(map(str, case.rules)))
    note = f" <span class=soft>{escape(result.message)}</span>" if outcome == "skipped" else ""
    return (
        f"<tr><td>{name}<td>{escape(case.title)}<td>{case.role}<td>{rules}<td>{escape(case.logo)}"
        f"<td class={outcome}>{outcome}{note}</tr>"
    )
