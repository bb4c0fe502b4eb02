"""The picture: one panel of bars per workload, server and database stacked, drawn as plain SVG."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.cells import Figures
from benchmarks.workloads import Workload

_WIDTH, _PANEL_WIDTH, _COLUMNS = 1120, 540, 2
_LABEL_WIDTH, _BAR_HEIGHT, _GAP, _HEAD = 236, 16, 6, 34
_OURS, _THEIRS = ("#1d6fd6", "#8db8ee"), ("#6b7280", "#c3c8d0")
_CAPTION = "CPU per request in µs: server (dark) and database (light); shorter is better"
_OPENING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"
  height="{height}" font-family="system-ui, sans-serif" font-size="12" fill="#111827">
<rect width="{width}" height="{height}" fill="#ffffff"/>"""


def draw(
    titles: Mapping[str, str], workloads: Sequence[Workload], summary: Mapping[tuple[str, str], Figures]
) -> str:
    """Draw CPU µs per request; each panel has a scale of its own."""
    drawn = [workload for workload in workloads if workload.drawn]
    panels = [panel for workload in drawn if (panel := _bars(titles, workload, summary))]
    panel_height = _HEAD + len(titles) * (_BAR_HEIGHT + _GAP) + 14
    rows = -(-len(panels) // _COLUMNS)
    height = 60 + rows * panel_height
    parts = [
        _OPENING.format(width=_WIDTH, height=height),
        _text(16, 26, _CAPTION, 'font-size="17" font-weight="600"'),
    ]
    for index, (workload, bars) in enumerate(panels):
        x = 16 + (index % _COLUMNS) * (_PANEL_WIDTH + 8)
        y = 44 + (index // _COLUMNS) * panel_height
        parts.append(_panel(x, y, workload.title, bars))
    return "\n".join([*parts, "</svg>\n"])


def _bars(
    titles: Mapping[str, str], workload: Workload, summary: Mapping[tuple[str, str], Figures]
) -> tuple[Workload, list[tuple[str, bool, Figures]]] | None:
    bars = [
        (title, lane.startswith("donebook"), figures)
        for lane, title in titles.items()
        if (figures := summary.get((lane, workload.name))) is not None
    ]
    return (workload, bars) if bars else None


def _panel(x: int, y: int, title: str, bars: Sequence[tuple[str, bool, Figures]]) -> str:
    scale = (_PANEL_WIDTH - _LABEL_WIDTH - 70) / max(figures.cpu_us for _, _, figures in bars)
    parts = [_text(x, y + 22, title, 'font-size="14" font-weight="600"')]
    left = x + _LABEL_WIDTH
    for index, (label, ours, figures) in enumerate(bars):
        top = y + _HEAD + index * (_BAR_HEIGHT + _GAP)
        dark, light = _OURS if ours else _THEIRS
        server, database = figures.server_us * scale, figures.database_us * scale
        parts += [
            _text(left - 8, top + 12, label, 'text-anchor="end"'),
            _rectangle(left, top, server, dark),
            _rectangle(left + server, top, database, light),
            _text(left + server + database + 6, top + 12, f"{figures.cpu_us:,.0f}"),
        ]
    return "\n".join(parts)


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" {style}>{escape(text)}</text>'


def _rectangle(x: float, y: float, width: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR_HEIGHT}" fill="{fill}"/>'
