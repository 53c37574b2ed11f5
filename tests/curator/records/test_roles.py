import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.records.roles import ALLOWED, ROLES, check_revocation, clean_name, identity, may

NOBODY: frozenset = frozenset()


def test_a_reviewer_reviews_and_decides_and_does_nothing_else() -> None:
    held = frozenset({"reviewer"})
    assert {p for p in ALLOWED if may(held, p)} == {"review", "exclude", "decide"}


def test_an_analyst_leaves_rows_out_but_neither_reviews_nor_decides_nor_lets_anything_out() -> None:
    held = frozenset({"analyst"})
    assert {p for p in ALLOWED if may(held, p)} == {"ingest", "check", "plan", "exclude"}


def test_an_engineer_does_everything_but_manage_people() -> None:
    assert {p for p in ALLOWED if not may(frozenset({"engineer"}), p)} == {"administer"}


def test_an_admin_may_do_everything_and_nobody_nothing() -> None:
    assert all(may(frozenset({"admin"}), p) for p in ALLOWED)
    assert not any(may(NOBODY, p) for p in ALLOWED)


@pytest.mark.parametrize("verified", [None, False, "false", "yes", 1.5, [], "True "])
def test_an_address_counts_only_where_the_provider_verified_it(verified: object) -> None:
    claims = {"iss": "https://idp.example", "sub": "7", "email": "ana@example.org", "email_verified": verified}
    assert identity(claims) == "https://idp.example#7"


def test_a_verified_address_is_the_name_in_small_letters() -> None:
    claims = {"iss": "https://idp.example", "sub": "7", "email": "Ana@Example.Org", "email_verified": True}
    assert identity(claims) == "ana@example.org"


@pytest.mark.parametrize("claims", [{}, {"sub": "7"}, {"iss": "https://a"}, {"iss": "a", "sub": "7"}])
def test_a_token_without_issuer_and_subject_proves_no_name(claims: dict[str, object]) -> None:
    assert identity(claims) is None


@given(st.text(), st.text(), st.booleans())
def test_no_subject_passes_for_an_address_and_no_address_for_a_subject(
    email: str, subject: str, verified: bool
) -> None:
    name = identity({"iss": "https://idp.example", "sub": subject, "email": email, "email_verified": verified})
    assert name is None or ("://" in name) == (name == f"https://idp.example#{subject}")
    assert verified or name is None or "://" in name


def test_names_are_kept_as_a_sign_in_proves_them() -> None:
    assert clean_name(" Ana@Example.org ") == "ana@example.org"
    assert clean_name("https://idp.example#Ab7") == "https://idp.example#Ab7"
    for bad in ("", "  ", "a\nb", "a\x1b[31m"):
        with pytest.raises(RequestError):
            clean_name(bad)


def test_the_last_admin_stays_unless_forced() -> None:
    held = {"ana": frozenset({"admin", "reviewer"}), "bo": frozenset({"reviewer"})}
    with pytest.raises(RequestError, match="last admin"):
        check_revocation(held, "ana", "admin", force=False)
    check_revocation(held, "ana", "admin", force=True)
    check_revocation(held, "ana", "reviewer", force=False)
    check_revocation({**held, "bo": frozenset({"admin"})}, "ana", "admin", force=False)
    with pytest.raises(RequestError, match="does not have"):
        check_revocation(held, "bo", "admin", force=True)


def test_every_role_may_do_something() -> None:
    assert all(any(may(frozenset({role}), p) for p in ALLOWED) for role in ROLES)
