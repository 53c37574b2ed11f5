"""Commands about people: who has which role, and the audit log."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from curator.records import ROLES, clean_name
from pipelines.admin import audit_check, sign_in, users
from pipelines.cli.output import answer, as_json_wanted, choose, lines, settings
from storage.access import audit
from storage.access import users as stored

users_app = typer.Typer(help="Who has which role in the app.", no_args_is_help=True)
audit_app = typer.Typer(help="The audit log: who decided, exported, waived, trained, or changed a role.")
Why = Annotated[str, typer.Option(help="Goes into the record.")]
Name = Annotated[str, typer.Argument(help="The e-mail address, or ISSUER#SUBJECT as the app shows it.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(users_app, name="users")
    app.add_typer(audit_app, name="audit")


@users_app.command("list")
def users_list() -> int:
    """Everyone with a role, and how people sign in."""
    project = settings()
    mode = "sign-in" if sign_in.configured(project.project, os.environ) else "local"
    found = [{"name": name, "roles": sorted(roles)} for name, roles in stored.current(project.store).items()]
    text = lines(
        *(f"{u['name']}: {', '.join(u['roles'])}" for u in found),
        "no sign-in is configured: whoever sits at this machine has every role" if mode == "local" else None,
        "nobody has a role yet; run `curator users add NAME --role admin`" if not found else None,
    )
    return answer({"users": found, "mode": mode}, text=text)


@users_app.command("add")
def users_add(name: Name, role: Annotated[str, typer.Option("--role", help=" | ".join(ROLES))], why: Why = "") -> int:
    """Give a role."""
    project = settings()
    added = users.add(project.store, name, role, why=why)
    held = sorted(stored.roles_of(project.store, clean_name(name)))
    text = f"{name} has: {', '.join(held)}" + ("" if added else " (as before)")
    return answer({"name": clean_name(name), "roles": held, "changed": added}, text=text)


@users_app.command("remove")
def users_remove(
    name: Name,
    role: Annotated[str | None, typer.Option("--role", help="One role; without it, all of them.")] = None,
    why: Why = "",
    force: Annotated[bool, typer.Option("--force", help="Even the last admin.")] = False,
) -> int:
    """Take a role away; the user's next click finds it gone."""
    project = settings()
    gone = users.remove(project.store, name, role, why=why, force=force)
    held = sorted(stored.roles_of(project.store, clean_name(name)))
    report = {"name": clean_name(name), "roles": held, "removed": gone}
    return answer(report, text=f"{name} lost {', '.join(gone)}; has: {', '.join(held) or 'no role'}")


@audit_app.callback(invoke_without_command=True)
def audit_log(
    context: typer.Context,
    actor: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, e.g. release, role:grant.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many (not with --format jsonl).")] = 100,
    format: Annotated[str, typer.Option("--format", help="table | jsonl (every event, oldest first)")] = "table",
    out: Annotated[Path | None, typer.Option("--out", help="Write the jsonl to this file.")] = None,
) -> int | None:
    """Show the audit log, or write it out with the hash that links each event to those before."""
    if context.invoked_subcommand is not None:
        return None
    store = settings().store
    if choose(format, ("table", "jsonl"), "--format") == "jsonl" or out is not None:
        return _write(_lines(audit.everything(store), actor, action), out)
    actors, actions = [actor] if actor else [], [action] if action else []
    found = audit.events(store, limit, actors=actors, actions=actions).to_dicts()
    text = "\n".join(f"{e['created_at']:%Y-%m-%d %H:%M}  {e['actor']}  {e['action']}  {e['subject']}" for e in found)
    return answer({"events": [e | {"detail": json.loads(e["detail"])} for e in found]}, text=text or "nothing yet")


@audit_app.command("verify")
def audit_verify(
    head: Annotated[str | None, typer.Option(help="A hash that was kept elsewhere: it must be in the chain.")] = None,
) -> int:
    """Was an event, or a row of an act, changed, put in or taken out with another tool?

    Who can write the store's file can make the whole chain anew. Each release's manifest keeps a head of the chain;
    keep the printed one elsewhere too.
    """
    project = settings()
    found = audit_check.run(project, [head] if head else [])
    report = {
        "intact": found.log.intact,
        "events": found.log.events,
        "head": found.log.head,
        "broken_at": found.log.broken_at,
        "changed_rows": [{"table": table, "event": seq} for table, seq in found.log.changed],
        "rows_without_event": [{"table": table, "seq": seq} for table, seq in found.log.untold],
        "kept_heads": [{"where": where, "hash": each, "events_after": n} for where, each, n in found.kept],
        "not_seen": found.not_seen,
    }
    text = lines(
        f"{'intact' if found.log.intact else 'NOT intact'}: {found.log.events:,} events",
        f"head {found.log.head}" if found.log.head else None,
        *audit_check.in_words(found),
        f"not seen: {found.not_seen}",
    )
    return answer(report, 0 if found.log.intact else 1, text=text)


def _lines(events: list[audit.LinkedEvent], actor: str | None, action: str | None) -> list[str]:
    """The wanted events as JSON Lines."""
    wanted = (e for e in events if actor in (None, e.actor) and action in (None, e.action))
    return [json.dumps(asdict(e), ensure_ascii=False) for e in wanted]


def _write(rows: list[str], out: Path | None) -> int:
    """To a file, with a report; else to standard output, where `--json` would be two things at once."""
    text = "".join(f"{row}\n" for row in rows)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        return answer({"path": out.resolve(), "events": len(rows)}, text=f"{len(rows):,} events in {out}")
    if as_json_wanted():
        return answer({"events": [json.loads(row) for row in rows]})
    sys.stdout.write(text)
    return 0
