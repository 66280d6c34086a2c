"""Why something failed, in words that name no module and no number of the operating system."""

from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

from service.nouns import counted
from service.system_errors import said_of


def reason_of(error: Exception) -> str:
    """Return what is said of an error of the network, of a file, or of a source."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, OSError) and (said := said_of(error)):
        return f"{said}: {error.filename!r}" if error.filename is not None else said
    return str(error) or type(error).__name__


def _of_http(error: HTTPException) -> str:
    if isinstance(error, RemoteDisconnected):
        return "the server closed the connection without an answer"
    if isinstance(error, BadStatusLine):
        return f"the answer begins with {str(error.args[0]).strip()[:40]!r}, which is no HTTP"
    if isinstance(error, IncompleteRead):
        return f"the answer broke off after {counted(len(error.partial), 'byte')}"
    return f"the answer is no HTTP that can be read: {str(error)[:80]}"
