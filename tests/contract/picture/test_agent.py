"""The agent as a whole: a channel by multicast, its figures, and its pictures for whoever may read the figures."""

import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from demo.ports import free_port
from tests.contract.agent.program import Answer, agent, wait_until
from tests.contract.picture.watch import IN_DATAGRAM, PACKET, RATE
from tests.support.channels import Part, encode, film, programme

TOKEN = "a-token-of-the-test"


@contextmanager
def sent(data: bytes, port: int) -> Iterator[None]:
    """Send a stream over and over at its rate."""
    stopped = threading.Event()
    size = PACKET * IN_DATAGRAM

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            due = time.monotonic()
            while not stopped.is_set():
                for at in range(0, len(data), size):
                    out.sendto(data[at : at + size], ("127.0.0.1", port))
                    due += size * 8 / RATE
                    if stopped.wait(max(0.0, due - time.monotonic())):
                        return

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_a_channel_gives_figures_and_a_picture(tmp_path: Path) -> None:
    port = free_port()
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    settings = (
        f'[auth]\ntoken = {{ file = "{token}" }}\n[host]\nenabled = false\n'
        f'[[multicast]]\nchannel = "first"\naddress = "127.0.0.1:{port}"\n[[picture]]\nchannel = "*"\n'
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with agent(tmp_path, settings) as running, sent(encode(Part(8.0, film(), programme()), 0.0, RATE), port):

        def get(path: str) -> Answer:
            return running.get(path, headers)

        wait_until(lambda: "ott_picture_seen_timestamp_seconds{" in get("/metrics").text, running, 120)
        wait_until(lambda: json.loads(get("/pictures").body) != [], running, 120)
        (listed,) = json.loads(get("/pictures").body)
        assert (listed["channel"], listed["delivery"]) == ("first", "multicast")
        head, _, packed = get("/pictures/latest").body.partition(b"\n")
        assert [len(packed), packed[:3]] == [json.loads(head)[0]["size"], b"\xff\xd8\xff"]
        picture = get("/pictures/multicast/first")
        assert picture.headers["content-type"] == "image/jpeg"
        with av.open(io.BytesIO(picture.body), "r", format="jpeg_pipe") as image:
            assert [(frame.width, frame.height) for frame in image.decode(video=0)] == [(320, 180)]
        page = get("/metrics").text
        (info,) = [line for line in page.splitlines() if line.startswith("ott_picture_info{")]
        assert 'codec="h264"' in info
        (seen,) = [line for line in page.splitlines() if line.startswith("ott_picture_seen_timestamp_seconds{")]
        assert abs(float(seen.rsplit(" ", 1)[1]) - time.time()) < 120
        assert get("/pictures/stream/first").status == 404
        assert running.get("/pictures/multicast/first").status == 401
