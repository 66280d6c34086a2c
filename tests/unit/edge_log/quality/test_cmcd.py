"""CMCD is read as structured fields are, and what cannot be read says which key is wrong."""

from contextlib import suppress
from urllib.parse import quote

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.quality.cmcd import MalformedError, Report, read, text_of
from agent.sources.edge_log.quality.shapes import MOST_SHAPES, Shape, Shapes, shape_of

# Written by hls.js 1.7.4 and dash.js 5.2.1 in Chromium.
HLS_1 = b'bl=3900,br=300,cid="channel",d=2000,dl=3900,mtp=600,nor="ts7.ts",ot=av,rtp=1500,sf=h,sid="run-2",st=v,tb=300'
HLS_2 = b'bl=(2000),br=(300),bs,cid="channel",d=2000,mtp=(100),ot=av,sf=h,sid="run-3",sn=8,sta=r,su,tb=(300),v=2'
DASH_2 = b'ab=(250;v+48;a),bl=(1700;v),br=(250;v),bsd=(2202;v),d=2000,mtp=(9900;v),ot=v,sid="run-9",sn=28,sta=p,v=2'


def test_version_1_of_a_player() -> None:
    report = read(HLS_1)

    assert (report.session, report.version, report.kind) == (b"run-2", 1, "av")
    assert (report.buffer, report.duration, report.bit_rate, report.throughput) == (3.9, 2.0, 300_000, 600_000)
    assert (report.startup, report.starved, report.rate, report.state, report.sequence) == (
        False,
        False,
        1.0,
        None,
        None,
    )


def test_version_2_has_lists_and_states() -> None:
    report = read(HLS_2)

    assert (report.version, report.buffer, report.bit_rate, report.state, report.sequence) == (2, 2.0, 300_000, "r", 8)
    assert report.startup
    assert report.starved


def test_a_list_with_a_parameter_for_its_track() -> None:
    report = read(DASH_2.replace(b"ab=(250;v+48;a),", b""))

    assert (report.buffer, report.bit_rate, report.throughput) == (1.7, 250_000, 9_900_000)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (b"/a.ts?CMCD=bl%3D21300%2Csid%3D%22a%22", b'bl=21300,sid="a"'),
        (b"/a.ts?token=1&CMCD=sid%3d%22a%20b%22&x=2", b'sid="a b"'),
        (b'/a.ts?CMCD=sid="a"', b'sid="a"'),
        # As media3 1.2.1 writes it (its issue 1075): encoded twice.
        (
            b"/a.ts?CMCD=bl%253D20200%252Cnor%253D%2522..%25252Fb%2522%252Csid%253D%2522a%2522",
            b'bl=20200,nor="..%2Fb",sid="a"',
        ),
        (b"/a.ts?CMCD=nor%3D%22..%252Fb%22%2Csid%3D%22a%22", b'nor="..%2Fb",sid="a"'),
        (b"/a.ts?XCMCD=sid", None),
        (b"/a.ts?cmcd=sid", None),
        (b"/CMCD=sid", None),
        (b"/a.ts", None),
    ],
)
def test_the_parameter_is_found_in_the_query(target: bytes, text: bytes | None) -> None:
    assert text_of(target) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "syntax"),
        (b'sid="a",,bl=1', "syntax"),
        (b'sid="a" bl=1', "syntax"),
        (b'sid="a', "syntax"),
        (b'nor=("x),sid="a"', "syntax"),
        (b'SID="a"', "syntax"),
        (b"bl=1", "no_sid"),
        (b"sid=a", "sid"),
        (b'sid=""', "sid"),
        (b'sid="' + b"a" * 65 + b'"', "sid"),
        (b'sid="a",bl=many', "bl"),
        (b'sid="a",bl=-1', "bl"),
        (b'sid="a",bl', "bl"),
        (b'sid="a",d=1.5.2', "d"),
        (b'sid="a",pr=fast', "pr"),
        (b'sid="a",ot="v"', "ot"),
        (b'sid="a",su=1', "su"),
        (b'sid="a",v=two', "v"),
        (b'sid="a",br=(x)', "br"),
    ],
)
def test_what_cannot_be_read_names_its_key(text: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as raised:
        read(text)

    assert str(raised.value) == reason


@pytest.mark.parametrize("none", [b"NaN", b"Infinity", b"-Infinity", b"(NaN;v)"])
def test_nan_and_infinity_are_left_out_and_named(none: bytes) -> None:
    """Issue 45 of the library that players of JavaScript share: it wrote what a division by zero gave."""
    report = read(HLS_1.replace(b"mtp=600", b"mtp=" + none).replace(b"bl=3900", b"bl=" + none))

    assert (report.throughput, report.buffer, report.duration) == (None, None, 2.0)
    assert report.left_out == ("bl", "mtp")


def test_no_shape_is_made_of_what_has_no_number_or_is_encoded_twice() -> None:
    assert shape_of(HLS_1.replace(b"mtp=600", b"mtp=NaN"), encoded=False) is None
    assert shape_of(quote(quote(HLS_1)).encode(), encoded=True) is None


VALUES = st.one_of(
    st.integers(0, 10**9),
    st.booleans(),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(["xa", "bl", "d", "br", "com.example-k"]), VALUES, max_size=5),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20),
)
def test_what_the_library_writes_is_read_as_it_meant_it(members: dict[str, object], session: str) -> None:
    """Keys that are not used may hold anything; of those that are, any number is taken and nothing else."""
    text = http_sf.ser({**members, "sid": session}).encode("ascii")  # type: ignore[dict-item]
    if len(text_of(b"/a?CMCD=" + quote(text).encode()) or b"") > 500:
        return
    wrong = [key for key in ("bl", "d", "br") if key in members and not _is_amount(members[key])]
    escaped = session.replace("\\", "\\\\").replace('"', '\\"')
    if wrong or len(escaped) > 64:
        with pytest.raises(MalformedError):
            read(text)
        return

    report = read(text)

    assert report.session == escaped.encode()
    for key, value, factor in (("bl", report.buffer, 1e-3), ("d", report.duration, 1e-3), ("br", report.bit_rate, 1e3)):
        meant = members.get(key)
        first = meant[0] if isinstance(meant, list) else meant
        assert value == (first * factor if isinstance(first, int) else None)


def _is_amount(value: object) -> bool:
    return not isinstance(value, bool | str)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    for candidate in (text, b'sid="a",' + text):
        with suppress(MalformedError):
            assert len(read(candidate).session) <= 64


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("text", "readable"),
    [
        pytest.param(b'nor=("' + b"a" * 600_000 + b'),sid="a"', False, id="a string without an end"),
        pytest.param(b"a" * 600_000 + b"!", False, id="a key without an end"),
        pytest.param(b"a=" * 300_000 + b"(", False, id="a value without an end"),
        pytest.param(b'a="' * 200_000, False, id="strings within strings"),
        pytest.param(b'sid="a",' + b"b" * 600_000, True, id="a long key"),
        pytest.param(b"a, " * 200_000 + b"!", False, id="many members"),
    ],
)
def test_a_long_line_does_not_hold_the_agent_up(text: bytes, readable: bool) -> None:
    """A viewer writes it. In linear time it takes a second or two, in quadratic time an hour: the limit is for that."""
    for encoded in (True, False):
        assert (shape_of(text, encoded=encoded) is not None) is readable

    try:
        read(text)
    except MalformedError:
        assert not readable
    else:
        assert readable


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(rb'"bl=2000,d=2000" "ot=av" "bs" "cid=\x22a, b\x22,sid=\x22run-1\x22"', id="nginx"),
        pytest.param(rb'"bl=2000,d=2000" "ot=av" "bs" "cid=\"a, b\",sid=\"run-1\""', id="Apache"),
        pytest.param(rb'"bl=2000,d=2000,bs" "-" "-" "ot=av,cid=\x22a, b\x22,sid=\x22run-1\x22"', id="two headers only"),
    ],
)
def test_headers_are_read_as_one_list(line: bytes) -> None:
    log = b'1769036174.000 192.0.2.7 200 188 0.250 "GET /live/a/1.ts HTTP/1.1" "Player/1.0" "-" ' + line + b"\n"
    batch = make_format("ott_cmcd", choice=Choice(cmcd=True)).parser().parse(log)
    assert batch.cmcd is not None

    report = read(batch.cmcd[0])

    assert (report.session, report.buffer, report.kind, report.starved) == (b"run-1", 2.0, "av", True)


def test_headers_that_nobody_asked_for_cost_no_column() -> None:
    line = b'1769036174.000 192.0.2.7 200 188 0.250 "GET /1.ts HTTP/1.1" "P" "-" "-" "-" "-" "sid=1"\n'

    assert make_format("ott_cmcd").parser().parse(line).cmcd is None
    silent = make_format("ott_cmcd", choice=Choice(cmcd=True)).parser().parse(line.replace(b"sid=1", b"-"))
    assert silent.cmcd == [b""]


def test_haproxy_captures_the_headers_behind_the_user_agent() -> None:
    """A bar within a header is escaped."""
    line = (
        b"192.0.2.7:4711 [23/Jan/2026:06:56:14.250] ott ott/<NOSRV> 0/-1/-1/-1/750 200 188 - - LR-- 1/1/0/0/0 0/0"
        b' {Player/1.0|bl=2000,nor=#22a#7Cb.ts#22|d=2000,ot=av||sid=#22run-1#22} "GET /live/a/1.ts HTTP/1.1"\n'
    )
    log_format = make_format("haproxy", choice=Choice(cmcd=True))
    batch = log_format.parser().parse(line)
    assert batch.cmcd is not None

    report = read(batch.cmcd[0])

    assert (report.session, report.buffer, report.kind) == (b"run-1", 2.0, "av")
    assert list(batch.agents) == [b"Player/1.0"]
    assert log_format.times_begin
    without = make_format("haproxy").parser().parse(line)
    assert without.cmcd is None


W3C = b"""#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes time-taken cs(CMCD-Request) cs(CMCD-Session)
2026-01-22 20:00:00 192.0.2.7 GET /live/a/1.ts 200 188 250 bl=2000,d=2000 cid="a",sid="run-1"
2026-01-22 20:00:01 192.0.2.7 GET /live/a/1.ts 200 188 250 - sid="run-2"
2026-01-22 20:00:02 192.0.2.7 GET /live/a/1.ts 200 188 250 - -
"""


def test_w3c_has_fields_for_the_headers() -> None:
    batch = make_format("w3c", choice=Choice(cmcd=True)).parser().parse(W3C)

    assert list(batch.cmcd or ()) == [b'bl=2000,d=2000,cid="a",sid="run-1"', b'sid="run-2"', b""]
    assert make_format("w3c").parser().parse(W3C).cmcd is None
    silent = W3C.replace(b'cid="a",sid="run-1"', b"-").replace(b'sid="run-2"', b"-").replace(b"bl=2000,d=2000", b"-")
    nothing = make_format("w3c", choice=Choice(cmcd=True)).parser().parse(silent)
    assert nothing.cmcd == [b""] * 3


def slowly(text: bytes, *, encoded: bool) -> Report | str:
    """Return what the reader of any CMCD makes of what stands behind `CMCD=`, or of headers, or why it refuses it."""
    decoded = text_of(b"/?CMCD=" + text) if encoded else text
    assert decoded is not None
    try:
        return read(decoded)
    except MalformedError as error:
        return str(error)


def quickly(shape: Shape, text: bytes) -> Report | None:
    """Return what a shape makes of a text, None where it does not take it."""
    row, *rest = shape.take(text + b"\n")
    return None if rest or row[-1] else shape.report_of(row)


@pytest.mark.parametrize("text", [HLS_1, HLS_2, DASH_2, b'sid="a"', b'sn=3,sid="a",bl=1', b'com.example-k=1,sid="a"'])
@pytest.mark.parametrize("safe", ["", "!'()*~"])
def test_a_shape_takes_the_line_that_it_was_made_of(text: bytes, safe: str) -> None:
    encoded = quote(text, safe=safe).encode()
    shape = shape_of(encoded + b"&x=1", encoded=True)
    assert shape is not None
    for written in (encoded, encoded + b"&x=1", encoded + b"#x"):
        assert quickly(shape, written) == read(text)

    of_header = shape_of(text, encoded=False)
    assert of_header is not None
    assert quickly(of_header, text) == read(text)


def test_a_shape_takes_other_lines_of_the_same_player() -> None:
    shape = shape_of(HLS_1, encoded=False)
    assert shape is not None
    other = HLS_1.replace(b"3900", b"0").replace(b"run-2", b"run-17").replace(b"ts7.ts", b"a/ts8.ts")

    assert quickly(shape, other) == read(other)
    assert quickly(shape, HLS_2) is None


@pytest.mark.parametrize(
    "text",
    [
        b'bl=1,bl=2,sid="a"',
        b'bl=(1 2),sid="a"',
        b'bl=(1,sid="a"',
        b'bl=1),sid="a"',
        b'bl=1.5,sid="a"',
        b'cid="a,b",sid="a"',
        b'sid="a\\"b"',
        b'sid="a b"',
        b'ot="v",sid="a"',
        b'bl,sid="a"',
        b'sid="a",',
        b"sid=a",
        b"bl=1",
        b"",
    ],
)
def test_no_shape_is_made_of_what_players_seldom_write(text: bytes) -> None:
    assert shape_of(quote(text).encode(), encoded=True) is None
    assert shape_of(text, encoded=False) is None


def test_the_escapes_of_a_query_are_none_in_a_header() -> None:
    assert shape_of(b"bl%3D1,sid=%22a%22", encoded=False) is None


def test_no_shape_is_made_of_a_string_that_is_half_encoded() -> None:
    assert shape_of(b'cid="a%22,sid=%22b%22', encoded=True) is None


def test_no_shape_is_made_of_a_list_that_takes_the_members_behind_it() -> None:
    text = b'bsd=(1; 2,d=2000,mtp=(9;v),sid="a"'.replace(b"(9", b"9")
    assert read(text).duration is None
    assert shape_of(text, encoded=False) is None


def test_shapes_are_learned_and_few() -> None:
    shapes = Shapes(encoded=False)
    assert shapes.take([HLS_1, HLS_2]) == ([None, None], [None, None])
    shapes.learn(HLS_1)
    shapes.learn(HLS_1)
    shapes.learn(HLS_2)
    rows, taken = shapes.take([HLS_2, b"", HLS_1, b"nothing"])

    assert [shape and shape.report.session for shape in taken] == [b"run-3", None, b"run-2", None]
    assert [row and row[5] for row in rows] == [b"run-3", None, b"run-2", None]
    assert [shape.taken for shape in shapes.known] == [1, 1]

    for number in range(100):
        shapes.take([b""])
        shapes.learn(b'k%d=1,sid="a"' % number)
    assert len(shapes.known) == MOST_SHAPES


def test_a_line_break_within_a_text_moves_no_other() -> None:
    shapes = Shapes(encoded=False)
    shapes.learn(HLS_1)

    assert shapes.take([b"a\nb", HLS_1]) == ([None, None], [None, None])


KEYS = (
    "ab",
    "bl",
    "br",
    "bs",
    "bsd",
    "cid",
    "d",
    "dl",
    "mtp",
    "nor",
    "ot",
    "pr",
    "rtp",
    "sf",
    "sn",
    "st",
    "sta",
    "su",
    "v",
)
ITEMS = st.one_of(
    st.integers(0, 9).map(str),
    st.integers(0, 10**16).map(str),
    st.sampled_from(
        ("", "?0", "?1", "p", "av", "1.25", "1.2.3", "-1", "(1)", "(1;v)", "(1;v 2;a)", "(", ")", '"a,b"', '"a"')
    ),
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """CMCD of any keys, in any order."""
    found = draw(st.dictionaries(st.sampled_from(KEYS), ITEMS, max_size=8))
    found["sid"] = draw(st.sampled_from(('"a-b"', '"a b"', '""', "a", '"' + "a" * 64 + '"', '"' + "a" * 65 + '"')))
    keys = draw(st.permutations(list(found))) if draw(st.booleans()) else sorted(found)
    return ",".join(key if not found[key] else f"{key}={found[key]}" for key in keys).encode()


SAFE = st.sampled_from(("", "!'()*~", "!'()*~,=;"))
REST = st.sampled_from((b"", b"&x=1", b"#", b"&CMCD=sid", b",", b",,"))


@given(texts(), texts(), SAFE, REST, st.booleans())
def test_both_readers_agree(learned: bytes, other: bytes, safe: str, rest: bytes, encoded: bool) -> None:
    """A shape may leave a line to the other reader, but never reads it otherwise."""
    if encoded:
        learned, other = quote(learned, safe=safe).encode() + rest, quote(other, safe=safe).encode() + rest
    shape = shape_of(learned, encoded=encoded)
    if shape is None:
        return
    assert quickly(shape, learned) == slowly(learned, encoded=encoded)
    assert quickly(shape, other) in (None, slowly(other, encoded=encoded))


@given(st.data(), st.sampled_from((HLS_1, HLS_2, DASH_2)), st.booleans())
def test_both_readers_agree_on_what_is_damaged(data: st.DataObject, text: bytes, encoded: bool) -> None:
    written = quote(text).encode() if encoded else text
    shape = shape_of(written, encoded=encoded)
    assert shape is not None
    place, length = data.draw(st.integers(0, len(written))), data.draw(st.integers(0, 4))
    put = data.draw(
        st.sampled_from((b"", b"%2C", b"%3D", b"%22", b",", b"&", b"#", b"=", b"%", b"1", b"a", b"(", b"%29"))
    )
    damaged = written[:place] + put + written[place + length :]
    assert quickly(shape, damaged) in (None, slowly(damaged, encoded=encoded))
    learned = shape_of(damaged, encoded=encoded)
    assert learned is None or quickly(learned, damaged) == slowly(damaged, encoded=encoded)
