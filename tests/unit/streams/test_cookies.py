"""Cookies as browsers keep them (RFC 6265, 5.2), of headers as servers write them."""

import pytest

from agent.sources.streams.cookies import Cookies

# A content delivery network's token, in issue 5871 of hls.js, and a session, in issue 7888 of Kodi.
TOKEN = "hdntl=exp=4102444800~acl=%2f*~data=hdntl~hmac=41fec2c093c9"
SESSION = "vssession=cR_S3dMoZi14404658790059058404/dvr/m/off/?0411|F|52df"


@pytest.mark.parametrize(
    ("url", "header", "sent"),
    [
        (
            "https://live.tv.example/manifest/1/playlist.m3u8",
            f"{TOKEN}; Domain=live.tv.example; Path=/; Expires=Thu, 05-Oct-2090 3:04:12 GMT; SameSite=None; Secure",
            TOKEN,
        ),
        ("http://live.example/m/", f"{SESSION}; Expires=Tue, 25 Aug 2090 01:24:39 GMT; Path=/m/;", SESSION),
        ("http://edge-1:8080/a/b.m3u8", "sid=1; Domain=edge-1", "sid=1"),
        ("http://edge-1:8080/a/b.m3u8", "sid=1; domain=.Edge-1; HttpOnly", "sid=1"),
        ("http://localhost/a/", "sid=1; Domain=localhost", "sid=1"),
        ("http://127.0.0.1:8080/a/", "sid=1; Domain=127.0.0.1; Path=/", "sid=1"),
        ("http://edge.example/a/", "sid=1; Domain=; Path=", "sid=1"),
        ("http://edge.example/a/", 'sid=1; Path="/"', "sid=1"),
        ("http://edge.example/a/", "sid=1; Max-Age=never", "sid=1"),
        ("http://edge.example/a/", "sid=1; Max-Age=3600; Expires=Session", "sid=1"),
        ("http://edge.example/a/", 'sid="a/b"; Version=1; Path=/; Port="81"; Discard', 'sid="a/b"'),
        ("http://edge.example/a/", "sid=1; Domain=example", None),
        ("http://edge.example/a/", "sid=1; Domain=other.example", None),
        ("http://edge.example/a/", "sid=1; Path=/b", None),
        ("http://edge.example/a/", "sid=1; Max-Age=0", None),
        ("http://edge.example/a/", "sid=1; Secure", None),
        ("http://edge.example/a/", "sid=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT", None),
    ],
)
def test_what_browsers_keep_is_kept(url: str, header: str, sent: str | None) -> None:
    cookies = Cookies()

    cookies.take(url, [header])

    assert cookies.header(url).get("Cookie") == sent


def test_a_cookie_of_the_domain_goes_to_its_other_servers_and_one_of_the_host_to_none() -> None:
    cookies = Cookies()

    cookies.take("http://edge.example.kz/a", ["all=1; Domain=example.kz", "own=2"])

    assert cookies.header("http://cdn.example.kz/a") == {"Cookie": "all=1"}
