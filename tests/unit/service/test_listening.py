"""The socket that a web server listens on."""

import socket

from service.listening import listening


def test_answers_on_kept_connections_wait_for_no_acknowledgement() -> None:
    with listening("127.0.0.1", 0, 5) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
