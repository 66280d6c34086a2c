"""What the operating system and TLS say of an error, without the numbers of the one and the names of the other."""

import os
import socket
import ssl


def said_of(error: OSError) -> str:
    """Return what is said of an error of the network or of a file, or nothing where nothing is known of it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate cannot be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'the other side broke off').replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return f"the host's name is not known: {error.strerror or 'no answer'}"
    if error.errno is None:
        return ""
    return error.strerror or os.strerror(error.errno)
