"""What the map's component gets as bytes, and what it may say back."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.components.map import component as map_component
from pages.components.map.component import (
    OTHERS,
    MapPoints,
    Place,
    Selection,
    chosen,
    colouring,
    encode,
    in_polygon,
    parse_selection,
)

SQUARE = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]


def points(texts: list[str]) -> MapPoints:
    rng = np.random.default_rng(0)
    labels = pl.Series("label", [["a", "b", None][i % 3] for i in range(len(texts))], dtype=pl.String)
    return MapPoints(
        rng.uniform(-1, 1, (len(texts), 2)).astype(np.float32),
        pl.Series("text", texts, dtype=pl.String),
        (colouring("label", "Label", labels, "no label"),),
        (Place("somewhere", 0.1, 0.2),),
    )


def read_back(data: bytes):
    """As map_points.js reads it."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    at, count = 4 + length + header["pad"], header["count"]
    assert at % 4 == 0
    xy = np.frombuffer(data, "<f4", 2 * count, at).reshape(-1, 2)
    at += 8 * count
    codes = []
    for _ in header["colourings"]:
        codes.append(np.frombuffer(data, "<u2", count, at))
        at += -(-2 * count // 4) * 4
    ends = np.frombuffer(data, "<u4", count, at).tolist()
    text = data[at + 4 * count :]
    texts = [text[a:b].decode() for a, b in zip([0, *ends][:-1], ends, strict=True)]
    return header, xy, codes, texts


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=9))
def test_what_goes_in_comes_out(texts):
    given_points = points(texts)
    header, xy, (codes,), back = read_back(encode(given_points)[0])
    assert back == texts
    np.testing.assert_array_equal(xy, given_points.xy_N2)
    names = header["colourings"][0]["names"]
    assert [names[code] for code in codes] == [["a", "b", "no label"][i % 3] for i in range(len(texts))]
    assert header["places"] == [{"name": "somewhere", "x": 0.1, "y": 0.2}]


def test_a_long_text_is_cut_and_many_texts_are_cut_shorter(monkeypatch):
    long = points(["é" * 500, "short"])
    assert read_back(encode(long)[0])[3] == ["é" * 200 + "…", "short"]
    monkeypatch.setattr(map_component, "TEXT_BYTES", 20)
    assert read_back(encode(long)[0])[3] == ["é" * 10 + "…", "short"]


def test_the_revision_changes_with_any_content_and_only_then():
    one = encode(points(["a", "b"]))[1]
    assert encode(points(["a", "b"]))[1] == one
    assert encode(points(["a", "c"]))[1] != one


def test_the_largest_categories_have_a_colour_and_nothing_has_none(monkeypatch):
    monkeypatch.setattr(map_component, "CATEGORIES", 18)
    values = [f"v{i:02}" for i in range(20) for _ in range(30 - i)] + [None] * 50
    made = colouring("label", "Label", pl.Series("x", values), "none")
    assert made.names[:2] == ("v00", "v01")
    assert made.names[-1] == OTHERS
    assert sum(made.counts) == len(values)
    assert made.slots == [*range(15), 15, 15, 15]
    few = colouring("label", "Label", pl.Series("x", ["a", None, None]), "none")
    assert (few.names, few.counts, few.slots, few.blank) == (("a", "none"), (1, 2), [0, 15], 1)


def test_labels_that_are_confused_have_colours_of_their_own_however_rare_they_are():
    values = [f"v{i:02}" for i in range(20) for _ in range(30 - i)]
    made = colouring("label", "Label", pl.Series("x", values), "none", ["v19", "v18"])
    slots = dict(zip(made.names, made.slots, strict=True))
    assert len({slots["v18"], slots["v19"], slots["v00"]}) == 3
    assert max(slots["v18"], slots["v19"]) < map_component.COLOURS
    assert slots["v17"] == map_component.COLOURS


@given(st.lists(st.tuples(*[st.floats(-1, 1, width=32)] * 2), min_size=3, max_size=9))
def test_a_point_is_inside_where_a_ray_crosses_an_odd_number_of_edges(polygon):
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-0.97, 0.93, 7)), -1).reshape(-1, 2)
    found = in_polygon(grid.astype(np.float32), np.array(polygon))
    for (x, y), inside in zip(grid.astype(np.float32).tolist(), found, strict=True):
        odd = False
        for n, (ax, ay) in enumerate(polygon):
            bx, by = polygon[n - 1]
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                odd = not odd
        assert inside == odd


def test_rows_inside_the_lasso_and_of_the_category_are_chosen():
    made = points(["t"] * 300)
    inside = (np.abs(made.xy_N2) < 0.5).all(axis=1)
    everything = parse_selection({"revision": "r", "polygon": SQUARE, "by": "label", "only": None}, made, "r")
    assert everything is not None
    np.testing.assert_array_equal(chosen(made, everything), inside)
    of_b = parse_selection({"revision": "r", "polygon": SQUARE, "by": "label", "only": 1}, made, "r")
    assert of_b is not None
    np.testing.assert_array_equal(chosen(made, of_b), inside & (made.colourings[0].codes_N == 1))
    all_b = parse_selection({"revision": "r", "polygon": None, "by": "label", "only": 1}, made, "r")
    assert all_b == Selection(None, "label", 1)
    assert chosen(made, all_b).sum() == 100


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "lasso",
        {},
        {"revision": "old", "polygon": SQUARE, "by": "label", "only": None},
        {"revision": "r", "polygon": None, "by": "label", "only": None},
        {"revision": "r", "polygon": SQUARE, "by": "colour", "only": None},
        {"revision": "r", "polygon": SQUARE, "by": "label", "only": 99},
        {"revision": "r", "polygon": SQUARE, "by": "label", "only": "a"},
        {"revision": "r", "polygon": SQUARE[:2], "by": "label", "only": None},
        {"revision": "r", "polygon": [*SQUARE, [0]], "by": "label", "only": None},
        {"revision": "r", "polygon": [*SQUARE, [0, float("nan")]], "by": "label", "only": None},
        {"revision": "r", "polygon": [*SQUARE, [0, "1"]], "by": "label", "only": None},
        {"revision": "r", "polygon": "abcd", "by": "label", "only": None},
        {"revision": "r", "polygon": SQUARE * 500, "by": "label", "only": None},
    ],
)
def test_anything_else_that_a_browser_says_chooses_nothing(payload):
    assert parse_selection(payload, points(["t"] * 6), "r") is None


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, 1e300, True])
def test_a_vertex_that_is_no_place_chooses_nothing(number):
    given_points = points(["a", "b", "c"])
    payload = {"revision": "r", "by": "label", "polygon": [[number, 0], *SQUARE], "only": None}
    assert parse_selection(payload, given_points, "r") is None
    assert parse_selection({**payload, "polygon": SQUARE, "only": True}, given_points, "r") is None
