"""The header that opens a protected page: the agent's own, a server's, a middleware's."""

import base64

from agent.runtime.settings import Basic
from service.settings import Secret


def header(basic: Basic | None, token: Secret | None) -> dict[str, str]:
    """Return it, the secret read again: a token renewed in its file needs no restart. Raise OSError."""
    if token is not None:
        return {"Authorization": f"Bearer {token.read()}"}
    if basic is not None:
        pair = f"{basic.username}:{basic.password.read()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}
