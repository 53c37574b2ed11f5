from hypothesis import given
from hypothesis import strategies as st

from curator.records import read_exact, write_exact
from pipelines.files.json_text import object_row

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True).filter(
    lambda text: text != "-0"
)


@given(st.lists(NUMBERS, min_size=1, max_size=4), st.text(max_size=8))
def test_every_number_comes_in_as_it_was_written_whichever_reader_was_quick_enough(numbers, word):
    body = f'{{"n": [{", ".join(numbers)}], "t": {write_exact(word)}, "of": {{"x": {numbers[0]}}}}}'
    row = object_row(1, body.encode())
    assert row.reason is None
    assert write_exact(row.record) == write_exact(read_exact(body))
    assert write_exact(row.record["n"]) == f"[{','.join(numbers)}]"


def test_what_looks_like_a_number_in_a_text_stays_text():
    row = object_row(1, b'{"a": "from: 1.50, to:2e5x", "b": 0.1}')
    assert row.record == {"a": "from: 1.50, to:2e5x", "b": 0.1}
