import ast
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.frame.guard import is_loopback
from tests.places import ROOT, page_files

PAGES = page_files()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "localhost", "::1", "[::1]"])
def test_loopback_addresses_are_recognised(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "192.168.1.4", "::", "example.org", "127.0.0.1.example.org"])
def test_every_other_address_is_not_loopback(address: str | None) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_each_page_calls_the_role_guard_as_its_first_statement(page: Path) -> None:
    body = ast.parse(page.read_text()).body
    first = next(
        node
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )
    value = getattr(first, "value", None)
    assert isinstance(value, ast.Call)
    assert isinstance(value.func, ast.Name)
    assert value.func.id == "require_role"


def test_only_the_package_file_lies_directly_in_the_pages_folder() -> None:
    # Streamlit would run any other as a page of its own, past the entry script.
    assert [p.name for p in (ROOT / "pages").glob("*.py")] == ["__init__.py"]


def _guarded() -> None:
    import streamlit as st

    from pages.frame.guard import require_role

    st.text(f"hello {sorted(require_role('analyst').roles)}")


def test_a_page_is_refused_when_the_server_listens_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else real(name))
    app = AppTest.from_function(_guarded, default_timeout=60).run()
    assert "no sign-in" in app.error[0].value
    assert not app.text


def test_the_local_user_has_every_role_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "127.0.0.1" if name == "server.address" else real(name))
    app = AppTest.from_function(_guarded, default_timeout=60).run()
    assert app.text[0].value == "hello ['admin', 'analyst', 'engineer', 'reviewer']"
