"""What a name may hold."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.records import check_name, check_shown, file_stem, make_task
from curator.records.task import check_task


@pytest.mark.parametrize("name", ["support", "Zürich-2", "意图", "a.b_c", "intent2024", "नमस्ते"])
def test_words_of_any_language_are_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("..", "may not begin"),
        (".hidden", "may not begin"),
        ("-rf", "may not begin"),
        ("end.", "nor end"),
        ("../up", "may not hold '/'"),
        ("a\\b", r"may not hold '\\\\'"),
        ("a b", "may not hold ' '"),
        ("a@1", "may not hold '@'"),
        ("a\nb", "U\\+000A"),
        ("a\x00", "U\\+0000"),
        ("a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\u200bb", "ZERO WIDTH SPACE"),
        ("a\ud800", "U\\+D800"),
        ("x" * 101, "too long"),
        ("語" * 80, "too long"),
        ("NUL", "reserved"),
        ("com1.csv", "reserved"),
        ("u\u0308ber", "composed form"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        check_name(name)


@given(st.text(max_size=120))
def test_a_name_is_one_part_of_a_path_on_every_system_or_refused(name: str) -> None:
    try:
        check_name(name)
    except RequestError as error:
        str(error).encode()  # the reason can be shown, whatever the name was
        assert file_stem(name) != name
    stem = file_stem(name)
    for path in (PurePosixPath("p") / stem, PureWindowsPath("p") / stem):
        assert path.name == stem
        assert len(path.parts) == 2
        assert stem not in (".", "..")


@given(st.lists(st.text(max_size=20), unique=True, max_size=6))
def test_two_names_have_two_files(names: list[str]) -> None:
    assert len({file_stem(name) for name in names}) == len(names)


def test_what_is_only_shown_may_hold_spaces_and_joiners_but_nothing_that_hides() -> None:
    assert check_shown("Ana (night shift), نمی\u200cدانم", "labeler")
    for bad in ("ana\u202e", "a\nb", "x" * 501):
        with pytest.raises(RequestError, match="labeler"):
            check_shown(bad, "labeler")


def test_labels_and_tasks_show_as_what_they_are_where_they_are_taken_in() -> None:
    label = make_task({"name": "t", "labels": ["refund", "re\u202efund"]})  # an older store may hold it
    with pytest.raises(RequestError, match=r"label 're.*fund' holds the invisible character"):
        check_task(label)
    with pytest.raises(RequestError, match=r"task 'a.*' holds the invisible character"):
        check_task(make_task({"name": "a\x1b[31m", "labels": ["a", "b"]}))
