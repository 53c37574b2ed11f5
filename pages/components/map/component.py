"""The map as a Streamlit component: points by WebGL 2, a legend, a lasso; and what came out of the lasso.

Raw bytes reach a component only as the whole of its `data`, so everything goes into one block of bytes:
a header (its length as uint32, then JSON, padded to four bytes), coordinates (float32 [N, 2]), a uint16 category
for each point and colouring, and the texts (the uint32 end of each, then UTF-8). The browser shows texts and names
inert; it sends back a polygon, and Python decides which rows lie in it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from pages.components.protocol import is_number

COLOURS = 15
"""Categories with a colour of their own; the rest share one."""
CATEGORIES = 1_000
"""Categories that are told apart; the rest are one called `all others`."""
TEXT_CHARS = 200
TEXT_BYTES = 24_000_000
"""All texts together; where there are more rows, each text is cut shorter."""
VERTICES = 1_000
FARTHEST = 1e9
"""Of a vertex from the map's middle."""
OTHERS = "all others"

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "curator_map",
    html=(_HERE / "map.html").read_text(encoding="utf-8"),
    css=(_HERE / "map.css").read_text(encoding="utf-8"),
    js="".join((_HERE / name).read_text(encoding="utf-8") for name in ("map_points.js", "map_drawing.js", "map.js")),
)


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour the points: `codes_N` counts into `names`, which fall by `counts`.

    `blank` is the code that means "nothing here"; it gets the colour of the others. `first` are names that get a
    colour before larger ones do: labels that are confused with one another must not share one.
    """

    key: str
    title: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    codes_N: NDArray[np.uint16]
    blank: int | None = None
    first: tuple[str, ...] = ()

    @property
    def slots(self) -> list[int]:
        """The palette's slot of each category: one each for `first` and the largest, the last for all others."""
        own = [code for code, name in enumerate(self.names) if code != self.blank and name != OTHERS]
        coloured = sorted(own, key=lambda code: (self.names[code] not in self.first, code))[:COLOURS]
        slot_of = {code: slot for slot, code in enumerate(coloured)}
        return [slot_of.get(code, COLOURS) for code in range(len(self.names))]


@dataclass(frozen=True, slots=True)
class Place:
    """A name that stands on the map at a point."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MapPoints:
    """What the map shows: coordinates in [-1, 1], a text for each row, ways to colour them, names of regions."""

    xy_N2: NDArray[np.float32]
    texts: pl.Series
    colourings: tuple[Colouring, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen: the rows inside `polygon` (all where None) of category `only` (any where None)."""

    polygon: tuple[tuple[float, float], ...] | None
    by: str
    only: int | None


def colouring(key: str, title: str, values: pl.Series, blank: str, first: Sequence[str] = ()) -> Colouring:
    """Number the values of a column, the most frequent first; a null is `blank`, which comes last.

    `first` get a colour before more frequent ones do, as far as there are colours.
    """
    given = values.cast(pl.String).fill_null(blank)
    counted = given.value_counts().sort(
        [pl.col(given.name) == blank, "count", given.name], descending=[False, True, False]
    )
    names: list[str] = counted[given.name].to_list()
    counts: list[int] = counted["count"].to_list()
    if len(names) > CATEGORIES:
        names, counts = [*names[: CATEGORIES - 1], OTHERS], [*counts[: CATEGORIES - 1], sum(counts[CATEGORIES - 1 :])]
    codes = given.replace_strict(names, range(len(names)), default=len(names) - 1, return_dtype=pl.UInt16)
    code = names.index(blank) if blank in names else None
    return Colouring(key, title, tuple(names), tuple(counts), codes.to_numpy().astype(np.uint16), code, tuple(first))


def encode(points: MapPoints) -> tuple[bytes, str]:
    """The bytes that the browser gets, and the revision that names them (a hash of all but the header)."""
    count = len(points.xy_N2)
    chars = min(TEXT_CHARS, TEXT_BYTES // max(1, count))
    texts = points.texts.fill_null("")
    cut = (
        texts.str.slice(0, chars)
        + pl.select(pl.when(texts.str.len_chars() > chars).then(pl.lit("…")).otherwise(pl.lit(""))).to_series()
    )
    parts = [np.ascontiguousarray(points.xy_N2, dtype=np.float32).tobytes()]
    parts += [_padded(c.codes_N.astype("<u2").tobytes()) for c in points.colourings]
    parts.append(cut.str.len_bytes().cum_sum().to_numpy().astype("<u4").tobytes())
    parts.append("".join(cut.to_list()).encode())
    body = b"".join(parts)
    about: dict[str, Any] = {
        "count": count,
        "bounds": _bounds(points.xy_N2),
        "places": [{"name": p.name, "x": p.x, "y": p.y} for p in points.places],
        "colourings": [
            {"key": c.key, "title": c.title, "names": c.names, "counts": c.counts, "slots": c.slots}
            for c in points.colourings
        ],
    }
    revision = hashlib.sha256(json.dumps(about, sort_keys=True).encode() + body).hexdigest()[:16]
    # The header says its own padding, which is one digit whatever it is.
    header = json.dumps({"revision": revision, "pad": 0, **about}, ensure_ascii=False).encode()
    pad = -len(header) % 4
    header = json.dumps({"revision": revision, "pad": pad, **about}, ensure_ascii=False).encode()
    return b"".join([len(header).to_bytes(4, "little"), header, bytes(pad), body]), revision


def parse_selection(payload: object, points: MapPoints, revision: str) -> Selection | None:
    """Read what the browser sent, trusting nothing of it; None where nothing (of this map) is chosen."""
    if not isinstance(payload, Mapping) or payload.get("revision") != revision:
        return None
    raw, by, only = payload.get("polygon"), payload.get("by"), payload.get("only")
    found = next((c for c in points.colourings if c.key == by), None)
    if found is None or not (
        only is None or (isinstance(only, int) and not isinstance(only, bool) and 0 <= only < len(found.names))
    ):
        return None
    if raw is None:
        return None if only is None else Selection(None, found.key, only)
    if not isinstance(raw, Sequence) or not 3 <= len(raw) <= VERTICES:
        return None
    if not all(_is_vertex(vertex) for vertex in raw):
        return None
    return Selection(tuple((float(x), float(y)) for x, y in raw), found.key, only)


def chosen(points: MapPoints, selection: Selection) -> NDArray[np.bool_]:
    """Which rows are chosen, [N]."""
    inside_N = np.ones(len(points.xy_N2), dtype=np.bool_)
    if selection.only is not None:
        inside_N = next(c for c in points.colourings if c.key == selection.by).codes_N == selection.only
    if selection.polygon is None:
        return inside_N
    near = np.flatnonzero(inside_N)
    found_N = np.zeros(len(points.xy_N2), dtype=np.bool_)
    found_N[near] = in_polygon(points.xy_N2[near], np.array(selection.polygon))
    return found_N


def in_polygon(xy_N2: NDArray[np.float32], polygon_V2: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in a polygon, by the even-odd rule (a ray to the right crosses an odd number of edges)."""
    odd_N = np.zeros(len(xy_N2), dtype=np.bool_)
    low_2, high_2 = polygon_V2.min(axis=0), polygon_V2.max(axis=0)
    near = np.flatnonzero(((xy_N2 >= low_2) & (xy_N2 <= high_2)).all(axis=1))
    x_M, y_M = xy_N2[near, 0].astype(np.float64), xy_N2[near, 1].astype(np.float64)
    odd_M = np.zeros(len(near), dtype=np.bool_)
    for (ax, ay), (bx, by) in zip(polygon_V2, np.roll(polygon_V2, 1, axis=0), strict=True):
        if ay == by:
            continue
        odd_M ^= ((ay > y_M) != (by > y_M)) & (x_M < (bx - ax) * (y_M - ay) / (by - ay) + ax)
    odd_N[near] = odd_M
    return odd_N


def embedding_map(data: bytes, *, key: str) -> object:
    """Draw the map; returns what the browser says is chosen, for `parse_selection`."""
    result = _component(key=key, data=data, default={"selection": None}, on_selection_change=lambda: None)
    return result.selection


def _is_vertex(vertex: object) -> bool:
    return isinstance(vertex, Sequence) and len(vertex) == 2 and all(is_number(v, FARTHEST) for v in vertex)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)


def _bounds(xy_N2: NDArray[np.float32]) -> list[float]:
    if len(xy_N2) == 0:
        return [-1.0, -1.0, 1.0, 1.0]
    return [float(v) for v in (*xy_N2.min(axis=0), *xy_N2.max(axis=0))]
