"""The people who may review a project, and what each may do."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from annotate.store.tables import now_utc, people


def read_people(connection: Connection) -> dict[str, str]:
    """Return {name: role}, in order of name."""
    rows = connection.execute(select(people.c.name, people.c.role).order_by(people.c.name))
    return {name: role for name, role in rows}


def put_person(connection: Connection, name: str, role: str) -> None:
    """Add a person, or give one who is there another role."""
    known = update(people).where(people.c.name == name).values(role=role)
    if connection.execute(known).rowcount == 0:
        connection.execute(insert(people).values(name=name, role=role, added_at_utc=now_utc()))


def delete_person(connection: Connection, name: str) -> None:
    """Take a person off the list; what the person decided stays."""
    connection.execute(delete(people).where(people.c.name == name))
