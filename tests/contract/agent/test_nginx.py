"""nginx's own status page, read by the running agent."""

import re
import socket
from contextlib import ExitStack
from pathlib import Path

from demo.ports import free_port
from tests.contract.agent.program import agent, wait_until
from tests.contract.streams.nginx import nginx

STATUS = """
server {{
    listen 127.0.0.1:{port};
    location = /stub_status {{ stub_status; }}
}}
"""


def test_the_connections_of_a_real_nginx(tmp_path: Path) -> None:
    port = free_port()
    settings = (
        f'[[server]]\npreset = "nginx_stub_status"\nurl = "http://127.0.0.1:{port}/stub_status"\ninterval = "1s"\n'
    )
    settings += 'deadline = "1s"\n'
    with ExitStack() as stack:
        stack.enter_context(nginx(tmp_path / "nginx", STATUS.format(port=port), [port]))
        running = stack.enter_context(agent(tmp_path, settings))
        for _ in range(5):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            idle.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(20).startswith(b"HTTP/1.1 404")

        def figure(state: str) -> float:
            match = re.search(rf'ott_edge_connections\{{state="{state}"\}} (\S+)', running.get("/metrics").text)
            return float(match[1]) if match else -1

        # Five that keep their connection, and the agent's own question.
        wait_until(lambda: figure("active") == 6, running)
        assert figure("waiting") == 5
        assert figure("writing") == 1
        text = running.get("/metrics").text
        assert 'ott_collector_success{collector="server_nginx_stub_status"} 1.0' in text
        assert float(re.findall(r"ott_server_requests_total\{.*\} (\S+)", text)[0]) >= 6
