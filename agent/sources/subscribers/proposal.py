"""The tables [[subscribers]] that `ott-agent init` proposes."""

from collections.abc import Iterable

from agent.sources.node import Seen

DATABASES = {"mysqld": "mysql", "mariadbd": "mysql", "postgres": "postgresql"}


def proposal(seen: Seen) -> Iterable[str]:
    """Yield a commented table for each kind of database that runs."""
    kinds = sorted({DATABASES[name] for name in seen.processes & DATABASES.keys()})
    for kind in kinds:
        yield f"# A database runs here ({kind}). If it is the middleware's, with an account that may only read:"
        table = (
            "[[subscribers]]",
            'service = "ott"',
            'preset = "generic"               # or "ministra", or queries of your own',
            f'database = {{ file = "/etc/ottwatch/middleware-url" }}   # {kind}://user:password@127.0.0.1/middleware',
        )
        yield from (f"# {line}" for line in table)
        yield ""
