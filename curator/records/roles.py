"""Who may do what: the roles, what each allows, and which name a sign-in proves."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from curator.errors import RequestError
from curator.records.names import TEXT_LENGTH

Role = Literal["reviewer", "engineer", "analyst", "admin"]
Permission = Literal["ingest", "check", "plan", "review", "exclude", "decide", "export", "train", "administer"]
ROLES: tuple[Role, ...] = get_args(Role)

ALLOWED: Mapping[Permission, frozenset[Role]] = {
    "ingest": frozenset({"engineer", "analyst", "admin"}),  # bring rows in, make a dataset
    "check": frozenset({"engineer", "analyst", "admin"}),  # embed, cluster, check: costs time, decides nothing
    "plan": frozenset({"engineer", "analyst", "admin"}),  # draw a spot-check
    "review": frozenset({"reviewer", "engineer", "admin"}),
    "exclude": frozenset({"reviewer", "engineer", "analyst", "admin"}),  # leave rows out, until it is taken back
    "decide": frozenset({"reviewer", "engineer", "admin"}),  # what a group of rows is, or the rule itself
    "export": frozenset({"engineer", "admin"}),  # release, waive a gate, take data out
    "train": frozenset({"engineer", "admin"}),  # train and evaluate: it can cost money
    "administer": frozenset({"admin"}),  # roles and the audit log
}

_EMAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+")


def may(roles: frozenset[Role], permission: Permission) -> bool:
    """Whether any of the roles allows it.

    >>> may(frozenset({"reviewer"}), "review"), may(frozenset({"reviewer"}), "export")
    (True, False)
    """
    return not roles.isdisjoint(ALLOWED[permission])


def identity(claims: Mapping[str, object]) -> str | None:
    """The name that a provider's ID token proves; roles and reviews are kept under it.

    An e-mail address counts only where the provider says that it verified it: with some providers anyone can
    write any address into the own account. Otherwise the name is issuer and subject, which cannot be chosen; it
    holds `://`, so that it is never read as an address, nor an address as it.

    Args:
        claims: The token's claims, already verified by signature.

    Returns:
        The address in small letters, or `ISSUER#SUBJECT`, or None where the token proves neither.

    >>> identity({"iss": "https://idp.example", "sub": "7", "email": "Ana@Example.org", "email_verified": True})
    'ana@example.org'
    >>> identity({"iss": "https://idp.example", "sub": "7", "email": "ana@example.org"})
    'https://idp.example#7'
    """
    email, issuer, subject = (claims.get(name) for name in ("email", "iss", "sub"))
    verified = claims.get("email_verified") in (True, "true")
    if verified and isinstance(email, str) and _EMAIL.fullmatch(email.strip()):
        return email.strip().lower()
    if isinstance(issuer, str) and "://" in issuer and isinstance(subject, str) and subject.strip():
        return f"{issuer}#{subject}"
    return None


def clean_name(name: str) -> str:
    """A user's name as it is kept: an e-mail address in small letters, anything else as it is.

    Raises:
        RequestError: It is empty, too long or holds a control character.
    """
    kept = name.strip()
    if not kept or not kept.isprintable() or len(kept) > TEXT_LENGTH:
        msg = f"user {name!r}: expected an e-mail address, or ISSUER#SUBJECT as the app shows it to whoever signs in"
        raise RequestError(msg)
    return kept.lower() if _EMAIL.fullmatch(kept) else kept


def check_revocation(roles: Mapping[str, frozenset[Role]], name: str, role: Role, *, force: bool) -> None:
    """See that a role can be taken away.

    Args:
        roles: Each user's roles now.
        name: Whose role.
        role: Which.
        force: Take the last admin away too.

    Raises:
        RequestError: The user does not have it, or would be the last admin to go.
    """
    if role not in roles.get(name, frozenset()):
        msg = f"user {name!r} does not have the role {role}; `curator users list` shows who has what"
        raise RequestError(msg)
    admins = [user for user, held in roles.items() if "admin" in held]
    if role == "admin" and admins == [name] and not force:
        msg = f"{name!r} is the last admin: nobody could grant a role in the app; add another first, or use --force"
        raise RequestError(msg)
