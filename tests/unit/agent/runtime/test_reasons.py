"""Reasons name neither Python's words nor the numbers of the operating system."""

import errno
import socket
import ssl
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected

import pytest

from agent.runtime.reasons import reason_of


def unverified() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] … (_ssl.c:1006)")
    error.verify_message = "self-signed certificate"
    return error


def broken() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/a"), "No such file or directory: '/a'"),
        (OSError("answered 404 Not Found"), "answered 404 Not Found"),
        (ValueError("the page has no figure"), "the page has no figure"),
        (OSError(), "OSError"),
        (socket.gaierror(-2, "Name or service not known"), "the host's name is not known: Name or service not known"),
        (unverified(), "the certificate cannot be trusted: self-signed certificate"),
        (broken(), "TLS failed: wrong version number"),
        (BadStatusLine("SSH-2.0-x\r\n"), "the answer begins with 'SSH-2.0-x', which is no HTTP"),
        (RemoteDisconnected("Remote end …"), "the server closed the connection without an answer"),
        (IncompleteRead(b"abc"), "the answer broke off after 3 bytes"),
        (LineTooLong("header line"), "the answer is no HTTP that can be read: got more than 65536 bytes when reading"),
        (HTTPException("got more than 100 headers"), "the answer is no HTTP that can be read: got more than 100"),
    ],
)
def test_a_reason_is_in_plain_words(error: Exception, reason: str) -> None:
    assert reason_of(error).startswith(reason)
    assert "Errno" not in reason_of(error)
