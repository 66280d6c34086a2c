"""The mosaic against a Prometheus and an agent: pictures travel once for all, authorised, and can be switched off."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk.core.picture_settings import PictureSettings
from alerts.desk.core.settings import Url
from service.settings import Secret
from tests.support.mosaic import INSTANCE, TOKEN, Platform, served, thumbnail
from tests.unit.desk.console_desk import NOON, Caller, Hall, hall

AT = NOON.timestamp() - 3


@pytest.fixture
def platform() -> Platform:
    found = Platform()
    image = thumbnail(0)
    found.channel("news", 27, image, AT, stream=1)
    found.channel('Первый "HD" & <b>', 3, image, AT, stream=1)
    found.fault("news", "PictureBlack", "major", delivery="stream", node="probe-1")
    return found


@pytest.fixture
def desk(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    monkeypatch.setenv("AGENTS", TOKEN)
    with served(platform) as address:
        pictures = PictureSettings(token=Secret(env="AGENTS"))
        with hall(tmp_path, prometheus=Url(address), pictures=pictures) as found:
            yield found


def names(caller: Caller) -> list[str]:
    answer = caller.get("/channels/pictures")
    assert answer.status_code == 200
    head, _, images = answer.content.partition(b"\n")
    listed = json.loads(head)
    assert sum(size for _, _, size in listed) == len(images)
    return [name for name, _, _ in listed]


def test_pictures_travel_once_for_all_who_watch(desk: Hall, platform: Platform) -> None:
    watchers = [desk.person("viewer") for _ in range(3)]
    assert {tuple(names(watcher)) for watcher in watchers} == {
        (f"{INSTANCE}/stream/news", f'{INSTANCE}/stream/Первый "HD" & <b>')
    }
    assert platform.asked["/pictures/latest"] == 1
    mark = watchers[0].get("/channels/pictures").headers["x-pictures-mark"]
    assert watchers[0].get(f"/channels/pictures?mark={mark}").status_code == 204


def test_the_mosaic_shows_the_faulty_channels_first_in_both_languages(desk: Hall) -> None:
    page = desk.person("viewer", language="en").get("/channels").text
    assert page.index("Faulty: 1") < page.index("black screen (OTT)") < page.index("Without faults: 1")
    assert "Первый &#34;HD&#34; &amp; &lt;b&gt;" in page
    assert f'data-picture="{INSTANCE}/stream/news"' in page
    assert "чёрный экран (OTT)" in desk.person("viewer", language="ru").get("/channels").text


def test_the_page_of_a_channel_shows_its_pictures_and_its_tickets(desk: Hall, platform: Platform) -> None:
    desk.alarm(title="News is black", channel="news", alertname="PictureBlack", node="probe-1")
    desk.alarm(title="Another one", channel="kino", alertname="PictureBlack", node="probe-2")
    reader = desk.person("viewer", language="en")
    page = reader.get("/channels/one?name=news").text
    assert "Around faults: OTT" in page
    assert "News is black" in page
    assert "Another one" not in page
    moment = f"{AT - 600:.3f}"
    picture = f"/channels/one/picture?name=news&instance={INSTANCE}&delivery=stream&moment="
    for _ in range(2):
        found = reader.get(picture + moment)
        assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")
    assert platform.asked[f"/pictures/stream/news/{moment}"] == 1
    assert reader.get(picture + "1.000").status_code == 404
    assert reader.get(picture.replace(INSTANCE, "elsewhere:80") + moment).status_code == 404
    assert reader.get("/channels/one?name=nothing").status_code == 404


PICTURE = f"/channels/one/picture?name=news&instance={INSTANCE}&delivery=stream&moment={AT:.3f}"
PATHS = ("", "/part", "/pictures", "/one?name=news", "/one/part?name=news")


@pytest.mark.parametrize("path", [*(f"/channels{path}" for path in PATHS), PICTURE])
def test_nothing_is_shown_to_strangers(desk: Hall, path: str) -> None:
    answer = Caller(desk.machine.app).get(path, follow=False)
    assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login")


def test_without_the_table_no_agent_is_asked(platform: Platform, tmp_path: Path) -> None:
    with served(platform) as address, hall(tmp_path, prometheus=Url(address)) as desk:
        reader = desk.person("viewer", language="en")
        page = reader.get("/channels").text
        assert "pictures are switched off" in page
        assert "black screen" in page
        assert reader.get("/channels/pictures").status_code == 204
        assert "Pictures are switched off" in reader.get("/channels/one?name=news").text
        assert reader.get(PICTURE).status_code == 404
    assert not [path for path in platform.asked if path.startswith("/pictures")]


def test_an_agent_that_answers_nonsense_gives_no_picture_and_no_error(desk: Hall, platform: Platform) -> None:
    platform.latest = b'[{"channel":"news","delivery":"stream","moment":"1.000","size":3}]\n<b>'
    reader = desk.person("viewer", language="en")
    assert names(reader) == []
    assert "black screen" in reader.get("/channels").text


def test_a_picture_that_is_too_old_is_not_shown(desk: Hall) -> None:
    desk.now = NOON.replace(hour=23)
    assert names(desk.person("viewer")) == []


def test_the_wall_has_a_view_of_the_channels(desk: Hall) -> None:
    page = desk.person("viewer", language="en").get("/wall?view=channels").text
    assert 'class="view channels"' in page
    assert page.index("black screen (OTT)") < page.index("channels 1–1 of 1 without faults")
