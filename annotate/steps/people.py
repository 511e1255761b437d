"""Who may review a project, who owns it, and what only owners may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotate.errors import ConfigError, NotAllowedError, UnknownNameError
from annotate.steps.workspace import Workspace
from annotate.store.people import delete_person, put_person, read_people

Role = Literal["owner", "reviewer"]
MAX_PERSON_NAME = 100  # characters


@dataclass(frozen=True)
class Person:
    """Somebody who may review; an owner may also rule, change classes, revert and export."""

    name: str
    role: Role

    @property
    def is_owner(self) -> bool:
        """Return whether this person may do what only owners may."""
        return self.role == "owner"


def list_people(workspace: Workspace) -> list[Person]:
    """Return everybody on the project's list, by name."""
    with workspace.store.read() as connection:
        return [Person(name, role) for name, role in read_people(connection).items()]  # type: ignore[arg-type]


def set_person(workspace: Workspace, name: str, role: Role) -> Person:
    """Put somebody on the list, or give another role.

    Raises
    ------
    ConfigError
        If the name cannot stand in a record, or nobody would be left to own the project.
    """
    name = checked_name(name)
    with workspace.store.write() as connection:
        _keep_an_owner(read_people(connection) | {name: role})
        put_person(connection, name, role)
    return Person(name, role)


def remove_person(workspace: Workspace, name: str) -> None:
    """Take somebody off the list; what the person decided stays.

    Raises
    ------
    UnknownNameError
        If nobody of that name is on it.
    ConfigError
        If nobody would be left to own the project.
    """
    with workspace.store.write() as connection:
        left = read_people(connection)
        if name not in left:
            raise UnknownNameError("person", name, left)
        del left[name]
        _keep_an_owner(left)
        delete_person(connection, name)


def admit(workspace: Workspace, name: str, *, may_join: bool) -> Person:
    """Return who ``name`` is in this project.

    Parameters
    ----------
    name : str
        As a login, a proxy or, on this machine alone, the person says.
    may_join : bool
        Whether somebody who is not on the list is put on it: as the owner if the list is empty,
        else as a reviewer.

    Raises
    ------
    NotAllowedError
        If the person is not on the list and may not join it.
    """
    name = checked_name(name)
    with workspace.store.read() as connection:
        known = read_people(connection)
    if name in known:
        return Person(name, known[name])  # type: ignore[arg-type]
    if not may_join:
        raise NotAllowedError(
            f"A reviewer must be on the project's list; {name!r} is not."
            " An owner can add the name with `annotate people set DIR NAME`."
        )
    with workspace.store.write() as connection:
        # Read again: of two who come first at once, one owns the project and the other reviews.
        known = read_people(connection)
        role = known.get(name) or ("reviewer" if known else "owner")
        put_person(connection, name, role)
    return Person(name, role)  # type: ignore[arg-type]


def is_on_list(workspace: Workspace, name: str) -> bool:
    """Return whether somebody may (still) review."""
    with workspace.store.read() as connection:
        return name in read_people(connection)


def require_owner(workspace: Workspace, name: str, act: str) -> None:
    """Raise NotAllowedError unless ``name`` owns the project; ``act`` says what was asked."""
    with workspace.store.read() as connection:
        role = read_people(connection).get(name)
    if role != "owner":
        raise NotAllowedError(
            f"Only an owner may {act}; {name!r} is {'a reviewer' if role else 'not on the list'}."
            " Ask an owner, or run `annotate people set DIR NAME --role owner`."
        )


def checked_name(name: str) -> str:
    """Return the name without outer spaces; ConfigError unless it can stand in a record."""
    stripped = name.strip()
    if not 0 < len(stripped) <= MAX_PERSON_NAME or not stripped.isprintable():
        raise ConfigError(
            f"A reviewer's name must have 1 to {MAX_PERSON_NAME} printable characters;"
            f" got {name!r}. Give another."
        )
    return stripped


def _keep_an_owner(roles: dict[str, str]) -> None:
    if "owner" not in roles.values():
        raise ConfigError(
            "A project must keep an owner; nobody would be left who is one."
            " Make somebody else an owner first: `annotate people set DIR NAME --role owner`."
        )
