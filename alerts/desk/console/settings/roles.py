"""What each role may do, as `auth.roles` has it."""

from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from alerts.desk.access.roles import MACHINES, PEOPLE, ROLES, Permission
from alerts.desk.console.settings.frame import show
from alerts.desk.web.forms import Reading

router = APIRouter(include_in_schema=False)


class Role(NamedTuple):
    """A role as the page shows it."""

    name: str
    whose: str
    may: list[Permission]
    may_not: list[Permission]


@router.get("/settings/roles")
def roles(request: Request, found: Reading) -> Response:
    """Show the roles."""
    return show(request, "roles", found, roles=[_role(name) for name in ROLES])


def _role(name: str) -> Role:
    people, machines = name in PEOPLE, name in MACHINES
    whose = "both" if people and machines else "people" if people else "machines"
    return Role(
        name,
        whose,
        [each for each in Permission if each in ROLES[name]],
        [each for each in Permission if each not in ROLES[name]],
    )
