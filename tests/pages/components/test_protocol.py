"""While the store cannot be used the browser is told to keep what it holds, and no card leaves the screen."""

from streamlit.testing.v1 import AppTest


def _queue() -> None:
    """A page whose store fails when `full` is set: as it saves, or as it reads."""
    from types import SimpleNamespace
    from typing import Any

    import streamlit as st

    from curator.errors import NoRoomError
    from pages.components import protocol

    full = st.session_state.get("full", "")
    sent = [{"action_id": "a1", "task_id": "t1", "verdict": "edit", "value": "de"}]

    def component(**given: Any) -> SimpleNamespace:
        st.session_state["shown"] = given["data"]
        return SimpleNamespace(actions=None)

    def apply(actions: Any) -> protocol.Applied:
        if full == "save":
            raise NoRoomError("no room left")
        return protocol.Applied([a.action_id for a in actions])

    def data() -> dict[str, Any]:
        if full == "read":
            raise NoRoomError("no room left")
        return {"items": ["t1", "t2"]}

    st.session_state["q"] = {"actions": {"sent": 1, "list": sent if full or st.session_state.get("again") else []}}
    protocol.exchange(
        component,
        key="q",
        read=lambda raw: SimpleNamespace(action_id=raw["action_id"]),  # type: ignore[type-var]
        apply=apply,
        data=data,
    )


def _shown(full: str) -> tuple[AppTest, dict[str, object]]:
    app = AppTest.from_function(_queue, default_timeout=60).run()
    assert app.session_state["shown"]["items"] == ["t1", "t2"]
    app.session_state["full"] = full
    app.run()
    assert not app.exception
    return app, app.session_state["shown"]


def test_an_answer_that_found_no_room_is_not_acknowledged_and_its_card_stays() -> None:
    app, shown = _shown("save")
    assert (shown["ack"], shown["items"]) == ([], ["t1", "t2"])
    assert "kept in this browser" in app.error[0].value


def test_a_queue_that_cannot_be_read_shows_what_it_showed_and_acknowledges_what_was_stored() -> None:
    app, shown = _shown("read")
    assert (shown["ack"], shown["items"]) == (["a1"], ["t1", "t2"])
    assert "kept in this browser" in app.error[0].value
    app.session_state["full"], app.session_state["again"] = "", True
    app.run()
    assert app.session_state["shown"]["ack"] == ["a1"]
    assert not app.error
