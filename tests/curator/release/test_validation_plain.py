import json

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.release import validation
from curator.release.encoding import encode
from curator.release.formats import FORMATS
from curator.release.validation import validate_lines

SAID = st.sampled_from(
    ["yes", "no", "2024-01-01", " spaced", "", "  ", "a\nb", "\u2028", "\ud800", "<|im_end|>", "</s>", "x < y",
     "[INST]", "\x7f", "\x00", "é", "🙂", '"q"', "back\\slash", "\\u0041", "a/b", "\r", "\t"]
)  # fmt: skip
PLAIN = st.sampled_from(["yes", "no", "maybe", "2024-01-01", "a\nb", "é", '"q"'])
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "human", ""])


@st.composite
def turns(draw, content):
    made = [{"role": "system", "content": draw(content)}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 2))):
        made += [{"role": role, "content": draw(content)} for role in ("user", "assistant")]
    return made


@st.composite
def lines(draw):
    """Mostly rows as we write them, with one thing wrong here and there."""
    said = turns(draw(st.sampled_from([PLAIN, PLAIN, SAID])))
    made = draw(said)
    row = draw(st.sampled_from([{"messages": made}, {"prompt": made[:-1], "completion": made[-1:]}]))
    match draw(st.sampled_from(["", "", "", "role", "key", "turn", "drop", "type", "weight"])):
        case "role":
            made[draw(st.integers(0, len(made) - 1))]["role"] = draw(ROLES)
        case "key":
            row = {**row, draw(st.sampled_from(["id", "tools", "example_id"])): draw(st.sampled_from(["1", None, 1.5]))}
        case "turn":
            made.append(draw(st.sampled_from(["no turn", {"role": "user"}, {"role": "assistant", "content": None}])))
        case "drop":
            made.pop(draw(st.integers(0, len(made) - 1)))
        case "type":
            made[-1]["content"] = draw(st.sampled_from([["yes"], {"a": 1}, 7, float("nan"), 10**30]))
        case "weight":
            made[-1]["weight"] = 0
    text = json.dumps(
        row, ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    )
    text = draw(
        st.sampled_from([text, text, text, text.replace('"role":', '"role":"user","role":', 1), f"\ufeff{text}", ""])
    )
    return text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"\n", b"\r\n", b""]))


@given(st.lists(lines(), max_size=12), st.sampled_from(sorted(FORMATS)), st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_quick_reading_finds_what_every_rule_finds(rows, format, typed):
    quick = validate_lines(rows, format=format, typed=typed)
    with _slow():
        assert validate_lines(rows, format=format, typed=typed) == quick


@given(st.lists(turns(PLAIN), min_size=2, max_size=8), st.sampled_from(["tinker", "openai", "axolotl", "trl"]))
@settings(max_examples=50, deadline=None)
def test_plain_rows_after_the_first_need_no_slow_reading(made, format):
    rows = [{"prompt": t[:-1], "completion": t[-1:]} if format == "trl" else {"messages": t} for t in made]
    first = [{"role": "user", "content": "words"}, {"role": "assistant", "content": "words"}]
    rows.insert(0, {"prompt": first[:1], "completion": first[1:]} if format == "trl" else {"messages": first})
    read = []
    checker = validation._Checker(format, typed=False)
    parse = checker._parse
    checker._parse = lambda text: read.append(text) or parse(text)
    for number, line in enumerate(encode(rows).splitlines(), start=1):
        checker.line = number
        checker.read(line)
    assert [orjson.loads(text) for text in read] == rows[:1]


class _slow:
    def __enter__(self):
        self.kept = validation._Checker._plain
        validation._Checker._plain = lambda _self, _line: False

    def __exit__(self, *_):
        validation._Checker._plain = self.kept
