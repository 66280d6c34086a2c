"""A password for MySQL without TLS is encrypted by the server's key.

A stand-in speaks the handshake of `caching_sha2_password` (MySQL 8): Debian has no such server to run.
"""

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SALT = bytes(range(1, 21))
CAPABILITIES = 0x8_0000 | 0x8000 | 0x2000 | 0x0200 | 0x0008 | 0x0001
GREETING = (
    b"\x0a8.0.36\0" + struct.pack("<I", 1) + SALT[:8] + b"\0"
    + struct.pack("<HBHHB", CAPABILITIES & 0xFFFF, 45, 2, CAPABILITIES >> 16, 21)
    + bytes(10) + SALT[8:] + b"\0caching_sha2_password\0"
)  # fmt: skip
FULL_AUTHENTICATION, OK = b"\x01\x04", b"\0\0\0\x02\0\0\0"
REFUSAL = b"\xff" + struct.pack("<H", 1105) + b"#HY000enough of this"
CLIENT = """\
import sys
from agent.sources.database import database

middleware = database(sys.argv[1], 2)
try:
    middleware.rows(["SELECT 1"], {}, 1)
except OSError as error:
    print(error)
"""


def test_the_password_is_encrypted_by_the_servers_key() -> None:
    passwords: list[bytes] = []
    with server(passwords) as port:
        url = f"mysql://reader:s3cret@127.0.0.1:{port}/middleware"
        result = subprocess.run(
            [sys.executable, "-c", CLIENT, url], check=True, capture_output=True, text=True, timeout=30
        )
    assert result.stdout.splitlines() == ["the database refused: (1105, 'enough of this')"]
    assert passwords == [b"s3cret\0"]


@contextmanager
def server(passwords: list[bytes]) -> Iterator[int]:
    """Yield the port of a server that lets everybody in, notes the passwords and answers no query."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = Thread(target=serve, args=[listener, key, passwords])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def serve(listener: socket.socket, key: rsa.RSAPrivateKey, passwords: list[bytes]) -> None:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            send(connection, 0, GREETING)
            receive(connection)
            send(connection, 2, FULL_AUTHENTICATION)
            receive(connection)
            send(connection, 4, b"\x01" + pem)
            encrypted = receive(connection)
            oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
            masked = key.decrypt(encrypted, oaep)
            passwords.append(bytes(byte ^ SALT[place % len(SALT)] for place, byte in enumerate(masked)))
            send(connection, 6, OK)
            receive(connection)
            send(connection, 1, REFUSAL)


def send(connection: socket.socket, number: int, packet: bytes) -> None:
    connection.sendall(struct.pack("<I", len(packet))[:3] + bytes([number]) + packet)


def receive(connection: socket.socket) -> bytes:
    """Return the next packet, or nothing where the client has left."""
    with connection.makefile("rb", 0) as stream:
        head = stream.read(4)
        return stream.read(int.from_bytes(head[:3], "little")) or b"" if head else b""
