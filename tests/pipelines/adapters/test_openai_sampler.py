"""A model behind a server of one's own answers as a contestant; what the server does wrong is told."""

import pytest

from curator.errors import RequestError, TeacherError
from pipelines.adapters.openai_sampler import OpenAISampler
from tests.pipelines.intake.fake_openai import KEY, PAGE, serve

ROWS = [[{"role": "user", "content": f"row {n}"}] for n in range(12)]


def _ask(sampler: OpenAISampler, **more: object) -> list:
    settings = {"model_path": None, "max_tokens": 4, "room_for": ("a longer label",), "progress": lambda *_: None}
    return sampler.sample(ROWS, **(settings | more))


def test_answers_stand_in_order_with_tokens_and_seconds_and_room_for_the_longest_label() -> None:
    with serve(lambda text, before: (200, text.upper())) as fake:
        sampler = OpenAISampler("tiny", base_url=fake.url, api_key=KEY, concurrency=4)
        made = _ask(sampler)
        one = _ask(sampler.at_once(1))
    assert [each.text for each in made] == [f"ROW {n}" for n in range(12)] == [each.text for each in one]
    assert {(each.tokens_in, each.tokens_out, each.cut) for each in made} == {(11, 3, False)}
    assert all(each.latency_s > 0 for each in made)
    assert fake.bodies[0]["max_tokens"] >= len("a longer label")
    assert sampler.at_once(1).concurrency == 1


def test_an_answer_at_the_limit_is_cut() -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        fake.finish = "length"
        assert all(each.cut for each in _ask(OpenAISampler("tiny", base_url=fake.url, api_key=KEY)))


def test_a_wrong_key_a_page_and_an_address_without_a_server_are_told_with_whom_was_asked() -> None:
    with serve(lambda text, before: (200, PAGE)) as fake:
        with pytest.raises(TeacherError, match="'tiny' at http"):
            _ask(OpenAISampler("tiny", base_url=fake.url, api_key=KEY))
        with pytest.raises(TeacherError, match="check the key"):
            _ask(OpenAISampler("tiny", base_url=fake.url, api_key="sk-wrong"))
    with pytest.raises(RequestError, match="OPENAI_API_KEY"):
        OpenAISampler("tiny", base_url=None, api_key=None)
    with pytest.raises(RequestError, match="no checkpoints"):
        _ask(OpenAISampler("tiny", base_url="http://127.0.0.1:1/v1", api_key=None), model_path="tinker://x")
