"""A busy server is asked more slowly, and at full speed again when it has room."""

from pipelines.intake.pace import Pace, backoff_s


def test_a_few_429s_slow_nothing_down() -> None:
    pace = Pace(32)
    for n in range(1_000):
        if n % 10:
            pace.well()
        else:
            pace.troubled(0.0, busy=True, wait_s=1.0)
    assert (pace.at_once, pace.lowest, pace.refused, pace.hold_until) == (32, 32, 100, 0.0)


def test_many_429s_send_fewer_at_once_and_room_sends_more() -> None:
    pace = Pace(32)
    for n in range(400):
        if n % 2:
            pace.well()
        else:
            pace.troubled(0.0, busy=True, wait_s=None)
    assert pace.at_once <= 4
    for _ in range(2_000):
        pace.well()
    assert pace.at_once == 32
    assert pace.lowest <= 4


def test_nothing_but_429s_makes_everybody_wait_as_long_as_the_server_says() -> None:
    pace = Pace(4)
    for _ in range(4):
        pace.troubled(10.0, busy=True, wait_s=30.0)
    assert pace.hold_until == 40.0
    pace.well()
    assert pace.hold_until == 40.0, "a late answer does not shorten what the server asked for"


def test_nothing_but_faults_waits_twice_as_long_each_time() -> None:
    pace, holds = Pace(4), []
    for _ in range(3):
        for _ in range(4):
            pace.troubled(0.0, busy=False, wait_s=None)
        holds.append(pace.hold_until)
    assert holds == [0.5, 1.0, 2.0]
    assert pace.refused == 0


def test_a_request_comes_again_when_the_server_says_else_later_each_time() -> None:
    assert 3.0 <= backoff_s(1, 3.0) <= 3.25
    waits = [backoff_s(tries, None) for tries in range(1, 8)]
    assert all(0.375 * 2**n <= wait <= min(8.0, 0.5 * 2**n) for n, wait in enumerate(waits[:5]))
    assert max(waits) <= 8.0
