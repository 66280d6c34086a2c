"""The demo's billing: nothing is wrong with it until something is broken, and then exactly that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from demo.platform import billing
from demo.platform.billing import CORRECTION, DOUBLE, DOUBLED, FAULTS, FEE, REFUNDED, SHOWN, TARIFF
from tests.contract.agent.billing.asked import found, samples, settings
from tests.contract.agent.billing.offered import offer, offered
from tests.contract.agent.billing.schema import moment
from tests.contract.agent.databases import postgresql

# Across the end of a month, and of a day on which the demo was started.
BASES = ("2026-11-28 12:00:07", "2026-11-30 23:48:00", "2027-01-31 00:10:00")
STEP = timedelta(seconds=30)
LATER = timedelta(minutes=6)


class Running:
    """The billing at a moment, moved on in steps."""

    def __init__(self, url: str, base: datetime) -> None:
        self.url, self.now = url, base
        self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self.connection.execute(f"SET TIME ZONE '{billing.ZONE}'")
        self.billing = billing.Billing(self.connection, base, timedelta(minutes=20))
        self.billing.provision()

    def go_on(self, time: timedelta, *faults: str) -> None:
        end = self.now + time
        while self.now < end:
            self.now += STEP
            self.billing.tick(self.now, frozenset(faults))

    def asked(self) -> dict[str, float]:
        """Return what the checks find, in the database and over HTTP alike."""
        with offered() as views:
            offer(views, self.url)
            over_http = self.asked_at(views.url)
        found_here = self.asked_at(self.url)
        assert over_http == found_here
        return found_here

    def asked_at(self, url: str) -> dict[str, float]:
        """Return what the checks find, and when the run that is missing was due as seconds ago."""
        of = settings(billing.SERVICE, url, fee_bucket=billing.BUCKET, grace=600.0, cut_off="23:59")
        asked = list(samples(of, self.now + timedelta(seconds=1)))
        planned = [
            self.now.timestamp() - each.value
            for each in asked
            if each.metric.name == "ott_billing_run_planned_timestamp_seconds" and isinstance(each.value, float)
        ]
        late = {"run late": planned[0]} if planned[0] > 45 else {}
        return found(asked) | late


@pytest.mark.parametrize("hour", range(24))
def test_no_day_of_the_billing_ends_within_two_hours_of_the_start(hour: int) -> None:
    start = moment(f"2026-11-28 {hour:02}:59:59")
    own = start.astimezone(ZoneInfo(billing.zone_of(start)))
    assert 1 <= own.hour < 22


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def running(server: str, request: pytest.FixtureRequest) -> Iterator[Running]:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    made = Running(server, moment(getattr(request, "param", BASES[0])))
    yield made
    made.connection.close()


@pytest.mark.parametrize("running", BASES, indirect=True)
def test_nothing_is_wrong_while_nothing_is_broken(running: Running) -> None:
    running.go_on(timedelta(minutes=25))
    assert running.asked() == {}
    ((charged,),) = running.connection.execute("SELECT COUNT(*) FROM billing_charge").fetchall()
    assert charged > 4000


def test_a_run_that_does_not_start_is_missing(running: Running) -> None:
    running.go_on(LATER, FEE)
    wrong = running.asked()
    assert wrong["run late"] >= LATER.total_seconds() - 60
    assert set(wrong) == {"run late", "stopped"}
    running.go_on(STEP)
    assert running.asked() == {}


def test_a_silent_tariff_is_the_only_one_without_charges(running: Running) -> None:
    running.go_on(LATER, TARIFF)
    of = settings(billing.SERVICE, running.url, grace=600.0, cut_off="23:59")
    stopped = {
        each.labels[-1]: each.value
        for each in samples(of, running.now)
        if each.metric.name == "ott_billing_stopped" and isinstance(each.value, float) and each.value
    }
    assert set(stopped) == {billing.SILENT}
    assert stopped[billing.SILENT] > 100
    running.go_on(STEP)
    assert running.asked() == {}


def test_fees_that_were_taken_twice_are_counted_until_they_are_reversed(running: Running) -> None:
    for _ in range(2):
        running.go_on(STEP, DOUBLE)
        assert running.asked() == {"extra recurringCharge": DOUBLED}
        running.go_on(STEP)
        assert running.asked() == {}


def test_balances_that_are_shown_wrong_are_those_of_one_account_of_a_hundred(running: Running) -> None:
    running.go_on(STEP, SHOWN)
    ((wrong,),) = running.connection.execute("SELECT COUNT(*) FROM account WHERE right(key, 2) = '00'").fetchall()
    assert wrong > 50
    assert running.asked() == {"displayed": wrong}
    running.go_on(STEP)
    assert running.asked() == {}


def test_refunds_that_were_given_twice_are_counted_until_they_are_taken_back(running: Running) -> None:
    for _ in range(2):
        running.go_on(STEP, CORRECTION)
        assert running.asked() == {"corrections": REFUNDED}
        running.go_on(STEP)
        assert running.asked() == {}
    running.go_on(timedelta(minutes=11))  # two snapshots, between which the refunds and their return lie
    assert running.asked() == {}


def test_the_faults_are_read_from_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("faults") / "faults"
    assert billing.named(file) == frozenset()
    file.write_text("\n".join(FAULTS))
    assert billing.named(file) == frozenset(FAULTS)
