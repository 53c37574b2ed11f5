"""Plots as inline SVG: no script, no file, no network; their colours are the page's, so that dark stays readable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

_LEFT: Final = 250
_WIDTH: Final = 760
_ROW: Final = 30
_RIGHT: Final = 170


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure with its interval, all on the scale of the plot; `said` stands to its right."""

    label: str
    value: float
    low: float
    high: float
    said: str
    strong: bool = False


def intervals(bars: Sequence[Bar], *, title: str, low: float = 0.0, high: float = 1.0) -> Markup:
    """A point with its interval for each figure, one below the other, between two ends of a scale.

    Args:
        bars: The figures.
        title: What a person who cannot see the plot is told.
        low: The left end.
        high: The right end, above `low`.
    """
    inner, height = _WIDTH - _LEFT - _RIGHT, _ROW * len(bars) + 26

    def x(value: float) -> float:
        return _LEFT + inner * (min(max(value, low), high) - low) / (high - low)

    parts = []
    for tick in range(5):
        at = low + (high - low) * tick / 4
        parts.append(
            f'<line class="grid" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="4" y2="{height - 20}"/>'
            f'<text class="tick" x="{x(at):.1f}" y="{height - 6}" text-anchor="middle">{_tick(at)}</text>'
        )
    if low < 0 < high:
        parts.append(f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="4" y2="{height - 20}"/>')
    for place, bar in enumerate(bars):
        y = _ROW * place + 19
        kind = "strong" if bar.strong else "mark"
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(_short(bar.label))}</text>'
            f'<line class="{kind}" x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle class="{kind}" cx="{x(bar.value):.1f}" cy="{y}" r="5"/>'
            f'<text class="said" x="{_WIDTH - _RIGHT + 12}" y="{y + 4}">{escape(bar.said)}</text>'
        )
    return _svg(parts, height, title)


def curves(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], *, title: str) -> Markup:
    """Curves of (step, value), each under its name; the vertical scale begins at 0."""
    points = [point for _, line in lines for point in line]
    if not points:
        return Markup("")
    height, right, bottom = 220, _WIDTH - 120, 190
    most = max(value for _, value in points) or 1.0
    last = max(step for step, _ in points) or 1.0
    parts = []
    for tick in range(5):
        y = bottom - (bottom - 14) * tick / 4
        parts.append(
            f'<line class="grid" x1="46" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="40" y="{y + 4:.1f}" text-anchor="end">{most * tick / 4:.2g}</text>'
        )
    for place, (name, line) in enumerate(lines):
        kind = "strong" if place else "mark"
        path = " ".join(f"{46 + (right - 46) * s / last:.1f},{bottom - (bottom - 14) * v / most:.1f}" for s, v in line)
        end = bottom - (bottom - 14) * line[-1][1] / most if line else bottom
        parts.append(f'<polyline class="{kind}" points="{path}"/>')
        parts.append(f'<text class="said" x="{right + 8}" y="{end + 4 - 14 * place:.1f}">{escape(name)}</text>')
    parts.append(f'<text class="tick" x="{right}" y="{height - 10}" text-anchor="end">step {last:g}</text>')
    return _svg(parts, height, title)


def _svg(parts: Sequence[str], height: int, title: str) -> Markup:
    # What comes from data was escaped above; the rest is numbers and our own words.
    body = Markup("".join(parts))
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(_WIDTH, height, title, body)


def _short(text: str) -> str:
    return text if len(text) <= 36 else f"{text[:35]}…"


def _tick(value: float) -> str:
    return f"{100 * value:.0f} %"
