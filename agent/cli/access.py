"""Who may read /metrics, by the tables [auth] and [tls]."""

from pathlib import Path

from agent.runtime.reasons import reason_of
from agent.runtime.server import Access, tls_context
from agent.runtime.settings import Tls
from agent.settings import AgentSettings
from service.settings import Fault, SettingsError


def access_of(settings: AgentSettings, file: Path | None) -> Access:
    """Return who may read /metrics, and check the certificates; raise SettingsError."""
    faults = []
    access = Access(frozenset())
    auth = settings.auth
    secrets = {
        "auth.token": auth.token if auth else None,
        "auth.basic.password": auth.basic.password if auth and auth.basic else None,
    }
    for key, secret in secrets.items():
        try:
            if secret is not None:
                secret.read()
        except (OSError, ValueError) as error:
            faults.append(Fault(file or Path(), key, str(error)))
    if not faults:
        access = Access.of(auth)
    if settings.tls is not None:
        faults += _tls_faults(settings.tls, file or Path())
    if faults:
        raise SettingsError(faults)
    return access


def _tls_faults(tls: Tls, file: Path) -> list[Fault]:
    faults = []
    for key, path in (("certificate", tls.certificate), ("key", tls.key), ("client_ca", tls.client_ca)):
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:  # OpenSSL names no file
            faults.append(Fault(file, f"tls.{key}", f"{path} cannot be read: {error.strerror}"))
    if not faults:
        try:
            tls_context(tls)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            faults.append(Fault(file, "tls", f"certificate, key or client_ca cannot be used: {reason_of(error)}"))
    return faults
