"""The settings of streams: every fault with its key and remedy, no secret in a message."""

from pathlib import Path

import pytest

from agent.settings import AgentSettings, converter
from agent.sources.streams import SOURCE
from agent.sources.streams.fetch import Budget
from agent.sources.streams.settings import StreamBudget, StreamSettings
from agent.sources.streams.source import address
from service.settings import Secret, SettingsError, load


def load_text(folder: Path, text: str) -> AgentSettings:
    file = folder / "agent.toml"
    file.write_text(text, "utf-8")
    return load(file, AgentSettings, converter())


def test_a_table_with_its_defaults(tmp_path: Path) -> None:
    settings = load_text(tmp_path, '[[stream]]\nchannel = "news"\nurl = "http://edge/news/index.m3u8"\n')
    assert settings.of("stream") == [StreamSettings("news", "http://edge/news/index.m3u8")]
    assert settings.limits_of(SOURCE) == StreamBudget(20.0, 8)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('channel = "a/b"\nurl = "http://a/b"', "stream[1]: channel must be a name of 1 to 64 characters"),
        ('channel = "a"\nurl = "rtmp://a/b"', "stream[1]: url must begin with http:// or https://"),
        ('channel = "a"\nurl = "http://u:p@a/b"', "stream[1]: url holds a password"),
        ('channel = "a"\nurl = "http://a:x/b"', "stream[1]: url has an invalid host or port"),
        ('channel = "a"\nurl = "http://a"\ninterval = "100ms"', "stream[1]: interval must be between"),
        ('channel = "a"\nurl = "http://a"\nsegment_interval = "2s"', "stream[1]: segment_interval must be between"),
        ('channel = "a"\nurl = "http://a"\ndeadline = "2m"', "stream[1]: deadline must be above"),
        ('channel = "a"\nurl = "http://a"\nrenditions = "some"', "stream[1].renditions"),
        (
            'channel = "a"\nurl = "http://a"\n[[stream]]\nchannel = "a"\nurl = "http://b"',
            'two [[stream]] are called "a"',
        ),
        (
            'channel = "a"\nurl = "http://a"\n[stream_budget]\nrequests_per_second = 0.1',
            "the channels (1) need 0.3 requests a second at their intervals, stream_budget allows 0.1",
        ),
    ],
)
def test_faults_are_told_with_their_key(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_text(tmp_path, f"[[stream]]\n{text}\n")
    assert fault in str(caught.value)
    assert "u:p" not in str(caught.value)


def test_an_address_may_be_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("https://edge/news/index.m3u8?token=0123\n", "utf-8")
    file.chmod(0o600)
    assert address(StreamSettings("news", Secret(file=file))) == "https://edge/news/index.m3u8?token=0123"
    file.write_text("0123\n", "utf-8")
    with pytest.raises(ValueError, match="the URL in the secret must begin with http") as caught:
        address(StreamSettings("news", Secret(file=file)))
    assert "0123" not in str(caught.value)


def test_the_budget_spaces_requests_evenly_and_saves_none_up() -> None:
    now = 100.0
    budget = Budget(4.0, lambda: now)
    assert [budget.reserve() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    now = 200.0
    assert [budget.reserve() for _ in range(2)] == [0.0, 0.25]
