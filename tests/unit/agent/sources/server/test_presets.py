"""Server presets against a sample page of each vendor's documented form, whole and damaged."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources import presets
from agent.sources.presets import load_preset
from agent.sources.server import collect as server
from agent.sources.server.preset import ServerPreset, parse
from agent.sources.server.settings import ServerSettings
from service.metric import Distribution, Sample
from service.setting_types import HttpUrl
from service.settings import SettingsError

SAMPLES = Path(__file__).parent / "samples"
PRESETS = presets.names("server")


def preset(name: str) -> ServerPreset:
    return load_preset(ServerPreset, "server", name)


def figures(samples: Iterable[Sample]) -> dict[str, float]:
    """Return {"name{value,…}": figure}, the label `server` left out."""
    found = {}
    for sample in samples:
        assert not isinstance(sample.value, Distribution)
        labels = [value for label, value in zip(sample.metric.labels, sample.labels, strict=True) if label != "server"]
        key = sample.metric.name + (f"{{{','.join(labels)}}}" if labels else "")
        assert key not in found
        found[key] = sample.value
    return found


def page(name: str, sample: str) -> dict[str, float]:
    return figures(parse(preset(name), "s", (SAMPLES / sample).read_text("utf-8")))


def test_nginx_stub_status() -> None:
    assert page("nginx_stub_status", "nginx_stub_status.txt") == {
        "ott_edge_connections{active}": 291,
        "ott_edge_connections{reading}": 6,
        "ott_edge_connections{writing}": 179,
        "ott_edge_connections{waiting}": 106,
        "ott_server_connections_accepted_total": 16630948,
        "ott_server_connections_handled_total": 16630940,
        "ott_server_requests_total": 31070465,
    }


def test_angie_counts_its_servers_and_its_idle_connections_among_the_active() -> None:
    # The page of an Angie that was asked for one file three times through its cache, for one that is not there, and
    # twice for one without a cache; one connection is kept.
    assert page("angie", "angie.json") == {
        "ott_edge_connections{active}": 2,
        "ott_edge_connections{waiting}": 1,
        "ott_server_connections_accepted_total": 9,
        "ott_server_connections_dropped_total": 0,
        "ott_server_requests_total": 6,
        "ott_server_receive_bytes_total": 431,
        "ott_server_transmit_bytes_total": 1556,
        "ott_server_cache_requests_total{hit}": 2,
        "ott_server_cache_requests_total{miss}": 2,
        "ott_server_cache_requests_total{pass}": 0,
    }


def test_angie_without_zones_tells_of_connections_only() -> None:
    connections = {"accepted": 3, "dropped": 1, "active": 1, "idle": 0}
    text = json.dumps({"connections": connections, "http": {"server_zones": {}, "caches": {}}})
    assert figures(parse(preset("angie"), "s", text)) == {
        "ott_edge_connections{active}": 1,
        "ott_edge_connections{waiting}": 0,
        "ott_server_connections_accepted_total": 3,
        "ott_server_connections_dropped_total": 1,
    }


def test_nginx_stub_status_of_tengine() -> None:
    text = (
        "Active connections: 1 \nserver accepts handled requests request_time\n 9 8 20 1234\n"
        "Reading: 0 Writing: 1 Waiting: 0 \n"
    )
    found = figures(parse(preset("nginx_stub_status"), "s", text))
    assert found["ott_server_connections_accepted_total"] == 9
    assert found["ott_server_connections_handled_total"] == 8
    assert found["ott_server_requests_total"] == 20


@pytest.mark.parametrize("name", ["nginx_stub_status", "apache"])
def test_a_page_for_people_is_no_page_of_text(name: str) -> None:
    with pytest.raises(ValueError, match="answered an HTML page, not text; check the address"):
        figures(parse(preset(name), "s", "<!DOCTYPE html>\n<h1>Apache Server Status</h1>"))


def test_nginx_stub_status_of_the_sample_data(shared: Path) -> None:
    text = (shared / "data/metrics_api/nginx/telegraf_nginx_nginxSampleResponse.txt").read_text()
    found = figures(parse(preset("nginx_stub_status"), "s", text))
    assert [found[f"ott_edge_connections{{{state}}}"] for state in ("active", "reading", "writing", "waiting")] == [
        *(585, 4, 135, 446)
    ]
    assert found["ott_server_connections_accepted_total"] == found["ott_server_connections_handled_total"] == 85340
    assert found["ott_server_requests_total"] == 35085


def test_nginx_vts_adds_the_zones_and_leaves_out_their_sum() -> None:
    found = page("nginx_vts", "nginx_vts.json")
    assert found["ott_server_transmit_bytes_total"] == 100e9
    assert found["ott_server_receive_bytes_total"] == 1500
    assert found["ott_server_responses_total{2xx}"] == 4890
    assert found["ott_server_responses_total{5xx}"] == 12
    assert found["ott_server_cache_requests_total{hit}"] == 3800 + 1 + 2 + 3
    assert found["ott_server_cache_requests_total{miss}"] == 120 + 4
    assert found["ott_server_cache_requests_total{pass}"] == 5
    assert found["ott_edge_connections{active}"] == 12


def test_nginx_vts_of_the_sample_data(shared: Path) -> None:
    folder = shared / "data/metrics_api/nginx"
    found = figures(
        parse(preset("nginx_vts"), "s", (folder / "telegraf_nginx_vts_sampleStatusResponse.json").read_text())
    )
    assert found["ott_edge_connections{waiting}"] == 444
    assert found["ott_server_requests_total"] == 777
    assert found["ott_server_transmit_bytes_total"] == 4404939605 + 1273382
    assert found["ott_server_responses_total{5xx}"] == 500 + 501
    # The stream module's page has other zones: not this preset's page.
    with pytest.raises(ValueError, match="no list 'serverZones'"):
        figures(parse(preset("nginx_vts"), "s", (folder / "telegraf_nginx_sts_sampleStatusResponse.json").read_text()))


@pytest.mark.parametrize("sample", ["srs.json", "srs-5.json"])
def test_srs_with_ids_of_either_kind(sample: str) -> None:
    found = page("srs", sample)
    assert found["ott_server_streams"] == 1
    assert found["ott_server_channel_clients{live/news-hd}"] == 41
    assert found["ott_server_channel_receive_bytes_total{live/news-hd}"] == 300000
    assert found["ott_server_channel_transmit_bytes_total{live/news-hd}"] == 9000000


def test_srs_without_streams_is_an_idle_server() -> None:
    text = '{"code": 0, "server": 1, "streams": []}'
    assert figures(parse(preset("srs"), "s", text)) == {"ott_server_streams": 0}


def test_srs_of_the_sample_data(shared: Path) -> None:
    text = (shared / "data/metrics_api/srs/streams_srs4_one.json").read_text()
    assert figures(parse(preset("srs"), "s", text)) == {
        "ott_server_streams": 1,
        "ott_server_channel_clients{live/test}": 3,
        "ott_server_channel_receive_bytes_total{live/test}": 19727822,
        "ott_server_channel_transmit_bytes_total{live/test}": 26873333,
    }


def test_mediamtx_counts_readers_and_no_addresses() -> None:
    assert page("mediamtx", "mediamtx.prom") == {
        "ott_server_streams": 2,
        "ott_server_channel_receive_bytes_total{news-hd}": 4000,
        "ott_server_channel_receive_bytes_total{kino}": 500,
        "ott_server_channel_transmit_bytes_total{news-hd}": 90000,
        "ott_server_channel_clients{news-hd}": 5,
        "ott_server_clients{hls}": 2,
        "ott_server_clients{rtsp}": 2,
        "ott_server_clients{srt}": 0,
    }
    assert page("mediamtx", "mediamtx-old.prom") == {
        "ott_server_streams": 1,
        "ott_server_channel_receive_bytes_total{news-hd}": 4000,
        "ott_server_channel_transmit_bytes_total{news-hd}": 90000,
    }


def test_mediamtx_of_the_sample_data(shared: Path) -> None:
    found = figures(
        parse(preset("mediamtx"), "s", (shared / "data/metrics_api/mediamtx_docs_metrics.prom").read_text())
    )
    assert found["ott_server_channel_clients{[path_name]}"] == 5
    assert found["ott_server_channel_transmit_bytes_total{[path_name]}"] == 1234
    assert found["ott_server_clients{hls}"] == 1


def test_wowza_takes_the_servers_totals() -> None:
    assert page("wowza", "wowza.xml") == {
        "ott_edge_connections{active}": 7,
        "ott_server_connections_accepted_total": 88,
        "ott_server_connections_dropped_total": 2,
        "ott_server_receive_bytes_per_second": 1000.5,
        "ott_server_transmit_bytes_per_second": 250000,
        "ott_server_clients{rtmp}": 0,
        "ott_server_clients{hls}": 6,
        "ott_server_clients{hds}": 0,
        "ott_server_clients{smooth}": 0,
        "ott_server_clients{rtsp}": 1,
        "ott_server_channel_clients{news-hd}": 5,
        "ott_server_channel_clients{kino}": 2,
    }


def test_wowza_writes_names_as_in_a_url() -> None:
    text = (
        (SAMPLES / "wowza.xml")
        .read_text("utf-8")
        .replace("<Name>kino</Name>", "<Name>%D0%9A%D0%B8%D0%BD%D0%BE+1</Name>")
    )
    assert figures(parse(preset("wowza"), "s", text))["ott_server_channel_clients{Кино 1}"] == 2


def test_wowza_of_the_sample_data(shared: Path) -> None:
    text = (shared / "data/metrics_api/wowza/connectioncounts_one_app.xml").read_text()
    found = figures(parse(preset("wowza"), "s", text))
    assert found["ott_server_transmit_bytes_per_second"] == 1266.0
    assert found["ott_edge_connections{active}"] == 1
    assert found["ott_server_connections_accepted_total"] == 4
    assert found["ott_server_channel_clients{sample.mp4}"] == 1


def test_varnish_as_version_7_1_1_writes_it() -> None:
    assert page("varnish", "varnish.json") == {
        "ott_server_connections_accepted_total": 4,
        "ott_server_connections_dropped_total": 0,
        "ott_server_requests_total": 4,
        "ott_server_cache_requests_total{hit}": 0,
        "ott_server_cache_requests_total{miss}": 0,
        "ott_server_cache_requests_total{pass}": 3,
        "ott_server_transmit_bytes_total": 2000,
        "ott_server_receive_bytes_total": 329,
    }


def test_a_value_under_its_new_and_its_old_name_counts_once() -> None:
    text = (SAMPLES / "mediamtx-old.prom").read_text("utf-8")
    both = text + "".join(
        f"{line.replace('paths_bytes_received', 'paths_inbound_bytes')}\n"
        for line in text.splitlines()
        if line.startswith("paths_bytes_received{")
    )
    assert both != text
    assert figures(parse(preset("mediamtx"), "s", both)) == figures(parse(preset("mediamtx"), "s", text))


@pytest.mark.parametrize("name", ["varnish_flat", "varnish_3"])
def test_varnish_in_its_layouts(name: str) -> None:
    found = page(name, f"{name}.json")
    assert found["ott_server_connections_accepted_total"] == 4000
    assert found["ott_server_connections_dropped_total"] == 3
    assert found["ott_server_requests_total"] == 90000
    assert found["ott_server_cache_requests_total{hit}"] == 80000
    assert found["ott_server_cache_requests_total{miss}"] == 9000
    assert found["ott_server_cache_requests_total{pass}"] == 1000
    assert found["ott_server_transmit_bytes_total"] == 7000002000


def test_varnish_of_the_sample_data(shared: Path) -> None:
    folder = shared / "data/metrics_api/varnish"
    found = figures(parse(preset("varnish_3"), "s", (folder / "varnishstat_3.0.5.json").read_text()))
    assert found["ott_server_connections_accepted_total"] == 216
    text = (folder / "varnishstat_6.0.0.json").read_text()
    counters = json.loads(text)
    found = figures(parse(preset("varnish_flat"), "s", text))
    assert found["ott_server_requests_total"] == counters["MAIN.client_req"]["value"]
    assert found["ott_server_cache_requests_total{hit}"] == counters["MAIN.cache_hit"]["value"]
    with pytest.raises(ValueError, match="has no"):
        figures(parse(preset("varnish"), "s", text))


def test_flussonic() -> None:
    assert page("flussonic", "flussonic.json") == {
        "ott_server_clients{all}": 1592,
        "ott_server_streams": 95,
        "ott_server_receive_bytes_per_second": 1234 * 125,
        "ott_server_transmit_bytes_per_second": 123456 * 125,
    }


def test_apache() -> None:
    assert page("apache", "apache.txt") == {
        "ott_server_requests_total": 12034,
        "ott_server_transmit_bytes_total": 880021 * 1024,
        "ott_server_workers{busy}": 5,
        "ott_server_workers{idle}": 70,
        "ott_edge_connections{active}": 44,
    }


@pytest.mark.parametrize(
    ("name", "pages", "accepted", "sent", "received"),
    [("haproxy", 3, 15, 7623 + 56298 + 291, 876 + 180 + 264), ("haproxy_csv", 4, 16, 117598, 1409)],
)
def test_haproxy_as_version_2_6_12_writes_it(name: str, pages: int, accepted: int, sent: int, received: int) -> None:
    found = page(name, samples_of(name)[0].name)
    assert found["ott_edge_connections{active}"] == 1
    assert found["ott_server_connections_accepted_total"] == accepted
    assert found["ott_server_connections_dropped_total"] == 0
    assert found["ott_server_requests_total"] == 9 + pages  # backends do not count them again, plain TCP has none
    assert found["ott_server_transmit_bytes_total"] == sent
    assert found["ott_server_receive_bytes_total"] == received
    codes = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
    assert [found[f"ott_server_responses_total{{{code}}}"] for code in codes] == [0, 9 + pages - 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# pxname,svname,scur,\nlive,FRONTEND,1,\nstats,FRONT", "breaks off: its last line has no end"),
        ("# pxname,svname,scur,\nlive,FRONTEND\n", "row 2 of the CSV has 2 fields where the header names 4"),
        ("# pxname,svname,scur,\nlive,FRONTEND,one,\n", "'scur' on the page is 'one', which is not an amount"),
        ("# pxname,svname,scur,\nlive,FRONTEND,,\n", "the page has no 'scur'"),
        ("\n", "not CSV with a header"),
        ("a\n" * 100_001, "more than 100000 lines"),
    ],
)
def test_csv_that_is_not_whole_or_another_page(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        figures(parse(preset("haproxy_csv"), "s", text))


def test_csv_with_quoted_fields_and_an_unexpected_column() -> None:
    lines = (SAMPLES / "haproxy_csv.csv").read_text("utf-8").splitlines()
    text = "\n".join([f"{lines[0]}new,", *(f'{line}"one, two\u2028three",' for line in lines[1:])]) + "\n"
    assert figures(parse(preset("haproxy_csv"), "s", text)) == page("haproxy_csv", "haproxy_csv.csv")


def test_traffic_server_as_version_9_2_9_writes_it() -> None:
    assert page("trafficserver", "trafficserver.json") == {
        "ott_edge_connections{active}": 0,
        "ott_server_connections_accepted_total": 9 + 6,
        "ott_server_requests_total": 15,
        "ott_server_receive_bytes_total": 1289,
        "ott_server_transmit_bytes_total": 3005 + 176989,
        "ott_server_responses_total{1xx}": 0,
        "ott_server_responses_total{2xx}": 5,
        "ott_server_responses_total{3xx}": 0,
        "ott_server_responses_total{4xx}": 0,
        "ott_server_responses_total{5xx}": 10,
        "ott_server_cache_requests_total{hit}": 0,
        "ott_server_cache_requests_total{miss}": 10,
        "ott_server_cache_requests_total{pass}": 5,
    }


def test_bytes_of_traffic_server_are_needed_in_one_of_their_two_forms() -> None:
    whole = json.loads((SAMPLES / "trafficserver.json").read_text("utf-8"))
    values = whole["global"]
    for part in ("header", "document"):
        del values[f"proxy.process.http.user_agent_response_{part}_total_size"]
    with pytest.raises(ValueError, match=r"has no .*response_header_total_size.* nor .*total_response_bytes"):
        figures(parse(preset("trafficserver"), "s", json.dumps(whole)))
    values["proxy.process.http.user_agent_total_response_bytes"] = "77"
    found = figures(parse(preset("trafficserver"), "s", json.dumps(whole)))
    assert found["ott_server_transmit_bytes_total"] == 77


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("srs", '{"code": 0}', "'length(streams[?publish.active])' cannot be worked out on this page"),
        (
            "srs",
            '{"streams": [',
            "the answer is not whole JSON: line 1, column 14 cannot be read; check that the address",
        ),
        ("srs", '{"streams": [{"clients": 1}]}', "cannot be worked out on this page|a label would be null"),
        ("wowza", "<WowzaMediaServer><Connections", "the answer is not whole XML: line 1, column 19 cannot be read"),
        (
            "flussonic",
            '{"total_clients": true, "online_streams": 1}',
            "'total_clients' on the page is true, which is not",
        ),
    ],
)
def test_a_reason_is_in_words_of_the_page(name: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        figures(parse(preset(name), "s", text))
    said = str(caught.value)
    assert any(one in said for one in reason.split("|")), said
    assert not re.search(r"Expecting|invalid literal|NoneType|In function|None", said)


SRS = """{%s"streams": [
    {"app": "live", "name": "a", "clients": %s, "recv_bytes": %s, "send_bytes": 1, "publish": {"active": true}}
]}"""


@pytest.mark.parametrize(
    ("clients", "received"),
    [
        # Counters without a sign that fell below zero: varnishcache/varnish-cache issue 2716.
        ("18446744073709551615", "1"),
        ("4294967295", "1"),
        ("1", "18446744073709551579"),
        # Texts that Python takes for numbers, and no server writes.
        ('"1_000"', "1"),
        ('"٣"', "1"),
        ('"nan"', "1"),
        ("NaN", "1"),
    ],
)
def test_what_fell_below_zero_and_what_is_no_number_is_not_an_amount(clients: str, received: str) -> None:
    with pytest.raises(ValueError, match="which is not an amount"):
        figures(parse(preset("srs"), "s", SRS % ("", clients, received)))


def test_amounts_up_to_their_bounds() -> None:
    found = figures(parse(preset("srs"), "s", SRS % ("", "2147483647", "9223372036854774784")))
    assert found["ott_server_channel_clients{live/a}"] == 2147483647
    assert found["ott_server_channel_receive_bytes_total{live/a}"] == 9223372036854774784
    assert figures(parse(preset("srs"), "s", SRS % ("", '" 7 "', '"1.5E3"')))["ott_server_channel_clients{live/a}"] == 7


def test_a_page_that_lists_only_some() -> None:
    # SRS 7 gives the total, and lists one stream where the address asks for no number of them (ossrs/srs issue 4580).
    with pytest.raises(ValueError, match="lists only some of what there is"):
        figures(parse(preset("srs"), "s", SRS % ('"total": 2, ', "1", "1")))
    assert figures(parse(preset("srs"), "s", SRS % ('"total": 1, ', "1", "1")))["ott_server_streams"] == 1
    with pytest.raises(ValueError, match="whole belongs to a page of JSON"):
        ServerPreset("t", "csv", [], whole="a")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"streams": [], "streams": [{}]}', "has the name 'streams' twice, with different values"),
        ('{"streams": [{"clients": 1, "clients": 2}]}', "has the name 'clients' twice, with different values"),
        ('{"streams": "no access"}', "cannot be worked out on this page"),
    ],
)
def test_json_that_says_two_things_or_another_one(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        figures(parse(preset("srs"), "s", text))


def test_json_that_says_one_thing_twice() -> None:
    assert figures(parse(preset("srs"), "s", '{"code": 0, "code": 0, "streams": []}')) == {"ott_server_streams": 0}


def test_a_sample_that_is_there_twice_is_not_added_to_itself() -> None:
    # An exposition whose lines were written again at each request: mozilla/remote-settings issue 872.
    line = 'paths_readers{name="a",state="ready"} 3\n'
    text = f'paths{{name="a",state="ready"}} 1\n{line}'
    assert figures(parse(preset("mediamtx"), "s", text))["ott_server_channel_clients{a}"] == 3
    with pytest.raises(ValueError, match="a sample of paths_readers twice, with the same labels"):
        figures(parse(preset("mediamtx"), "s", text + 'paths_readers{state="ready",name="a"} 3\n'))


def samples_of(name: str) -> list[Path]:
    return [*sorted(SAMPLES.glob(f"{name}.*")), *sorted(SAMPLES.glob(f"{name}-*"))]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_sample_that_it_reads(name: str) -> None:
    assert samples_of(name)
    for sample in samples_of(name):
        assert page(name, sample.name)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "<!DOCTYPE html><html><body>Welcome</body></html>",
        "<html><head><title>502 Bad Gateway</title></head></html>",
        "{}",
        "[]",
        "null",
        '{"error": "unauthorized"}',
        "<error/>",
        "Internal Server Error",
        "\x00\xff",
    ],
)
def test_another_page_is_a_failed_collection(name: str, text: str) -> None:
    source = server.Server(ServerSettings(name, HttpUrl("http://localhost/")), preset(name))
    with pytest.raises(ValueError, match=r"\w"):
        list(server.parse(server.Read(text, source)))


@pytest.mark.parametrize("name", [name for name in PRESETS if preset(name).format in ("json", "xml")])
def test_half_a_document_is_a_failed_collection(name: str) -> None:
    for sample in samples_of(name):
        text = sample.read_text("utf-8").rstrip()
        for part in (1, 2, 3):
            with pytest.raises(ValueError, match="not whole"):
                list(parse(preset(name), "s", text[: len(text) * part // 4]))


@pytest.mark.parametrize("name", PRESETS)
@given(data=st.data())
def test_any_page_gives_samples_or_a_value_error(name: str, data: st.DataObject) -> None:
    text = samples_of(name)[0].read_text("utf-8")
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 40)))
    filling = st.one_of(st.text(max_size=20), st.sampled_from(['"x"', "1e999", "9" * 400, "null", "[]", "-1", "NaN"]))
    try:
        found = list(parse(preset(name), "s", text[:begin] + data.draw(filling) + text[end:]))
    except ValueError:
        return
    assert all(isinstance(sample.value, float) for sample in found)


def test_deep_json_is_a_failed_collection() -> None:
    name = next(name for name in PRESETS if preset(name).format == "json")
    with pytest.raises(ValueError, match="nested too deeply"):
        list(parse(preset(name), "s", "[" * 200_000))


def test_entities_in_xml_are_refused() -> None:
    name = next(name for name in PRESETS if preset(name).format == "xml")
    with pytest.raises(ValueError, match="declares entities"):
        list(parse(preset(name), "s", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'))


@pytest.mark.parametrize(
    ("name", "page", "reason"),
    [
        ("flussonic", '{"a": [' + "[]," * 600_000 + "1]}", "more than 500000 values"),
        ("wowza", "<a>" + "<a/>" * 600_000 + "</a>", "more than 500000 values"),
        ("mediamtx", "paths 1\n" * 300_000, "more than 200000 lines"),
    ],
)
def test_a_page_that_would_fill_the_memory_is_refused_unread(name: str, page: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(parse(preset(name), "s", page))


FLUSSONIC = {"total_clients": 1, "online_streams": 3, "input_kbit": 1, "output_kbit": 1}


@pytest.mark.parametrize("value", [True, -1, "-1", 1e308, "1e308", float("nan")])
def test_a_value_that_is_no_amount_fails_the_collection(value: object) -> None:
    with pytest.raises(ValueError, match="is not a"):
        list(parse(preset("flussonic"), "s", json.dumps(FLUSSONIC | {"input_kbit": value})))


def test_an_exposition_that_breaks_off_within_a_number_is_no_smaller_number() -> None:
    with pytest.raises(ValueError, match="breaks off"):
        list(parse(preset("mediamtx"), "s", 'paths{name="a",state="ready"} 1\npaths_readers{name="a"} 12'))


def test_a_counter_is_found_by_the_name_that_stands_on_the_page(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'title = "own"\nformat = "prometheus"\n{FIGURE}value = "served"\n')
    own = load_preset(ServerPreset, "server", str(file))
    assert figures(parse(own, "s", "# TYPE served counter\nserved 7\n")) == {"ott_server_requests_total": 7}


FIGURE = '[[figure]]\nmetric = "ott_server_requests_total"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('format = "text"\n[[figure]]\nmetric = "ott_server_request"\nvalue = "(1)"\n', "is no metric of a server"),
        (
            'format = "text"\n[[figure]]\nmetric = "ott_edge_connections"\nvalue = "(1)"\n',
            "exactly these labels, in labels or labels_from: state",
        ),
        (f'format = "text"\n{FIGURE}value = "1"\n', "a value with one group"),
        (f'format = "text"\n{FIGURE}value = "("\n', "not a regular expression"),
        (f'format = "json"\n{FIGURE}value = "a..b"\n', "is not JMESPath"),
        (f'format = "xml"\n{FIGURE}value = "a["\n', "is not a path"),
        (f'format = "prometheus"\n{FIGURE}value = "a"\neach = "b"\n', "has no each"),
        (f'format = "csv"\n{FIGURE}value = "a"\neach = "b"\n', "has no each"),
        (f'format = "text"\n{FIGURE}value = "(1)"\nwhere = {{ a = "b" }}\n', "nor where"),
        (f'format = "json"\n{FIGURE}value = "a"\nwhere = {{ a = "b" }}\n', "has no where"),
        (f'format = "xml"\n{FIGURE}value = "a"\nwhere = {{ a = "b" }}\n', "has no where"),
        (f'format = "yaml"\n{FIGURE}value = "a"\n', "yaml"),
    ],
)
def test_a_preset_of_ones_own_is_checked(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'title = "own"\n{text}')
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load_preset(ServerPreset, "server", str(file))
