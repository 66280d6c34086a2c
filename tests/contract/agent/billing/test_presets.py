"""Presets of billing systems, each over tables of its real schema: missing, doubled and wrong fees are found."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlglot
from sqlglot import exp

from agent.sources.billing.dialect import written
from agent.sources.billing.places import kind_of
from agent.sources.billing.preset import BillingPreset, Query, assembled, joined, load, over_views
from agent.sources.presets import load_preset, names
from tests.contract.agent.billing.asked import found, samples, settings
from tests.contract.agent.billing.schema import ALMATY, moment
from tests.contract.agent.billing.vendors import ABILLS, ASTPP, KILL_BILL, LAGO, statements
from tests.contract.agent.databases import execute, mariadb, postgresql

DIALECTS = {"postgresql": "postgres", "mysql": "mysql"}
VENDORS = [name for name in names("billing") if name != "generic"]


@pytest.mark.parametrize("name", VENDORS)
def test_each_view_is_one_select_of_the_columns_that_the_documentation_names(name: str) -> None:
    preset = load_preset(BillingPreset, "billing", name)
    wanted = {
        "source": "up_to",
        "subscription": "id service tariff price_minor anchor_day status next_charge_at ended_at account_key product",
        "charge": "id subscription_id service tariff kind period_start period_end amount_minor at reversal_of order_id",
        "outcome": "subscription_id service tariff period_start reason at",
    }
    assert set(preset.view) >= {"subscription", "charge"}
    for view, sql in preset.view.items():
        (parsed,) = sqlglot.parse(sql, dialect=DIALECTS[preset.database])
        assert isinstance(parsed, exp.Query)
        assert parsed.named_selects == wanted[view].split()


@pytest.mark.parametrize("name", VENDORS)
def test_every_query_over_the_views_is_one_select(name: str) -> None:
    kind = load_preset(BillingPreset, "billing", name).database
    preset = load(name, kind)
    assert {"overdue", "completeness", "extra", "price", "charges"} <= set(preset.query)
    assert not {each for each in preset.query if each.startswith("case_")}
    for query in preset.query.values():
        sql = re.sub(r"(?<![\w']):([a-z]\w*)", r"'\1'", assembled(query.sql, preset.part))  # :from is a word of SQL
        (parsed,) = sqlglot.parse(written(sql, kind), dialect=DIALECTS[kind])
        assert isinstance(parsed, exp.Query)
        assert not [table.name for table in parsed.find_all(exp.Table) if table.name.startswith("billing_")]


def test_a_preset_says_what_it_cannot_be() -> None:
    with pytest.raises(ValueError, match='"lago" is written for postgresql, and the database is mysql'):
        load("lago", "mysql")
    with pytest.raises(ValueError, match='there is no view "charges"'):
        BillingPreset("a system", view={"charges": "SELECT 1"}, database="mysql")
    with pytest.raises(ValueError, match='database must be "postgresql" or "mysql"'):
        BillingPreset("a system", view={"charge": "SELECT 1"})
    with pytest.raises(ValueError, match="PostgreSQL, MariaDB or MySQL"):
        kind_of("sqlite:///file")


def test_what_needs_a_view_that_a_system_lacks_is_off() -> None:
    generic = load("generic", "mysql")
    only = over_views(BillingPreset("a system", view={"charge": "SELECT 1"}, database="mysql"), generic)
    assert only.has("flow")
    assert only.has("extra")
    assert not only.has("overdue")
    assert not only.has("cases")
    assert generic.has("cases")


def test_queries_that_are_asked_together_share_their_tables() -> None:
    parts = {"one": "SELECT 1 AS n", "two": "SELECT n FROM one", "none": ""}
    first, second = (
        Query("SELECT 'a', n FROM one", tables=["one"]),
        Query("SELECT 'b', n FROM two", tables=["one", "two"]),
    )
    sql = joined([first, second, Query("SELECT 'c', 3", tables=["none"])], parts)
    (parsed,) = sqlglot.parse(sql, dialect="postgres")
    assert parsed is not None
    assert [table.alias for table in parsed.find_all(exp.CTE)] == ["one", "two"]
    assert len(list(parsed.find_all(exp.Union))) == 2
    assert joined([Query("SELECT 'c', 3")], parts) == "SELECT 'c', 3"
    with pytest.raises(ValueError, match='the preset has no part "three"'):
        joined([Query("SELECT 1", tables=["three"])], parts)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_every_generic_query_is_one_select(kind: str) -> None:
    preset = load("generic", kind)
    for query in preset.query.values():
        if not query.tables:
            sql = re.sub(
                r"(?<![\w']):([a-z]\w*)",
                r"'\1'",
                assembled(query.of(kind), {**preset.part, "references": ":one, :other"}),
            )
            (parsed,) = sqlglot.parse(written(sql, kind), dialect=DIALECTS[kind])
            assert isinstance(parsed, exp.Query)
    assert ("STRAIGHT_JOIN" in preset.query["displayed"].of(kind)) == (kind == "mysql")


@pytest.mark.parametrize("kind", ["missing", "doubled", "shown"])
def test_a_case_is_one_select_in_both_dialects(kind: str) -> None:
    preset = load("generic", "postgresql")
    of_kind = {name: preset.part.get(f"{kind}_{name}", "") for name in ("spent", "owed", "began", "reversals")}
    parts = {**preset.part, **of_kind, "affected": preset.part[kind], "still": preset.part["shown"], "days": "days"}
    asked = [
        query
        for name, query in preset.query.items()
        if query.tables and (kind == "missing" or name not in ("case_outside", "case_charged", "case_charged_outside"))
        if kind == "shown" or not name.startswith("case_adjusted")
        if kind != "shown" or not name.startswith("case_refunded")
    ]
    for database, dialect in DIALECTS.items():
        sql = re.sub(r"(?<![\w']):([a-z]\w*)", r"'\1'", written(joined(asked, parts), database))
        (parsed,) = sqlglot.parse(sql, dialect=dialect)
        assert isinstance(parsed, exp.Query)
        assert {len(each.selects) for each in _branches(parsed)} == {10}


def _branches(query: exp.Query) -> Iterator[exp.Select]:
    if isinstance(query, exp.Union):
        yield from _branches(query.left)
        yield from _branches(query.right)
    else:
        assert isinstance(query, exp.Select)
        yield query


@pytest.fixture
def lago() -> Iterator[str]:
    with postgresql() as url:
        execute(url, *statements(LAGO))
        yield url


@pytest.fixture
def astpp() -> Iterator[str]:
    with mariadb() as url:
        execute(url, *statements(ASTPP))
        yield url


@pytest.fixture
def kill_bill() -> Iterator[str]:
    with mariadb() as url:
        execute(url, *statements(KILL_BILL))
        yield url


@pytest.fixture
def abills() -> Iterator[str]:
    with mariadb() as url:
        execute(url, *statements(ABILLS))
        yield url


def _uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


class Lago:
    """Rows of a Lago whose customers live in Almaty (UTC+6 then): a month begins at 18:00."""

    def __init__(self, url: str) -> None:
        self._url, self._number = url, 100
        self._rows: list[str] = []
        self._add("organizations", _uuid(1), "UTC")
        self._add("customers", _uuid(2), _uuid(1), "Asia/Almaty")
        self._add("plans", _uuid(3), "advance", 1, 150000, 0, True)
        self._add("plans", _uuid(4), "arrears", 1, 90000, 0, False)
        self._add("plans", _uuid(5), "trial", 1, 90000, 30, True)

    def subscription(self, plan: int, *, status: int = 1, anchor: str = "", start: str = "2017-03-09 08:00") -> str:
        """Add one, on the first of the month, or with `anchor` on its own day."""
        new = self._new()
        time = 1 if anchor else 0
        self._add("subscriptions", new, _uuid(2), _uuid(plan), _uuid(1), status, time, anchor or start, start)
        return new

    def fee(self, subscription: str, amount: int, since: str, until: str, *, status: int = 1, type_: int = 2) -> str:
        """Add a fee with its invoice, made ten minutes after midnight."""
        invoice, new = self._new(), self._new()
        self._add("invoices", invoice, status)
        self._add("invoice_subscriptions", invoice, subscription, since, until)
        self._add("fees", new, invoice, subscription, amount, type_, "2017-11-30 18:10:00")
        return new

    def credit(self, fee: str, amount: int) -> None:
        """Add a credit note for a fee."""
        note = self._new()
        self._add("credit_notes", note, 1)
        self._add("credit_note_items", self._new(), note, fee, amount, "2017-11-30 19:00:00")

    def write(self) -> None:
        execute(self._url, *self._rows)
        self._rows.clear()

    def _new(self) -> str:
        self._number += 1
        return _uuid(self._number)

    def _add(self, table: str, *values: object) -> None:
        written = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in values)
        columns = {
            "subscriptions": " (id, customer_id, plan_id, organization_id, status, billing_time, subscription_at,"
            " started_at)",
            "fees": " (id, invoice_id, subscription_id, amount_cents, fee_type, created_at)",
        }
        self._rows.append(f"INSERT INTO {table}{columns.get(table, '')} VALUES ({written})")


DECEMBER = ("2017-11-30 18:00:00", "2017-12-31 17:59:59.999999")
NOVEMBER = ("2017-10-31 18:00:00", "2017-11-30 17:59:59.999999")


def _lago_found(url: str) -> dict[str, float]:
    return found(samples(settings("tv", url), moment("2017-12-01 12:00"), preset=load("lago", "postgresql")))


def test_lago(lago: str) -> None:
    rows = Lago(lago)
    rows.fee(rows.subscription(3), 150000, *DECEMBER)
    rows.fee(rows.subscription(3, anchor="2017-04-30 20:00"), 150000, *DECEMBER)  # 1 May in Almaty
    rows.fee(rows.subscription(4), 90000, *NOVEMBER)
    rows.subscription(3, status=0, start="2018-02-01 00:00")  # still to begin
    rows.subscription(3, status=2)
    rows.subscription(3, anchor="2017-04-14 08:00")  # not due today
    rows.subscription(5, start="2999-01-01 00:00")  # on trial
    used = rows.subscription(3)
    rows.fee(used, 150000, *DECEMBER)
    rows.fee(used, 700, *DECEMBER, type_=0)  # use is no fee
    reversed_ = rows.subscription(3)
    rows.fee(reversed_, 150000, *DECEMBER)
    rows.credit(rows.fee(reversed_, 150000, *DECEMBER), 150000)
    rows.write()
    assert _lago_found(lago) == {}

    rows.subscription(3)
    rows.subscription(4)
    rows.fee(rows.subscription(3), 150000, *DECEMBER, status=2)  # voided
    doubled = rows.subscription(4)
    rows.fee(doubled, 90000, *NOVEMBER)
    rows.fee(doubled, 90000, *NOVEMBER)
    rows.fee(rows.subscription(3), 149999, *DECEMBER)
    rows.write()
    assert _lago_found(lago) == {"unexplained": 3, "left over": 3, "extra recurringCharge": 1, "wrong price": 1}


def _astpp_found(url: str) -> dict[str, float]:
    of = settings("voice", url, grace=600.0)
    return found(samples(of, moment("2017-12-02 18:00"), preset=load("astpp", "mysql")))


def test_astpp(astpp: str) -> None:
    """At noon UTC of 2 December; the items have other numbers than their orders."""

    def item(number: int, following: str, *, price: str = "1500.00000", ended: int = 0, days: int = 30) -> str:
        values = f"{number}, {number + 500}, 2, 1, {price}, {days}, 1, '{following}', {ended}, '2017-11-01 00:00:00'"
        return f"INSERT INTO order_items VALUES ({values})"

    def renewal(
        number: int, of: int, debit: str = "1500.00000", text: str = "Subscription (tv) has been renewed."
    ) -> str:
        values = f"{number}, 1, {of + 500}, 0, '{text}', {debit}, 0, '2017-12-02 00:05:00'"
        return f"INSERT INTO invoice_details VALUES ({values})"

    execute(
        astpp,
        "INSERT INTO accounts (id) VALUES (1)",
        "INSERT INTO products VALUES (1, 'tv')",
        item(1, "2017-12-31 23:59:59"),
        renewal(1, 1),
        item(2, "2017-12-02 23:59:59"),  # due until the end of the day
        item(3, "2017-11-01 23:59:59", ended=1),
        item(4, "2017-11-01 23:59:59", days=0),  # once
        renewal(2, 2, "99.00000", "Subscription (tv) has been added."),
        "INSERT INTO invoice_details VALUES (3, 1, 501, 1, 'VAT', 180, 0, '2017-12-02 00:05:00')",
    )
    assert _astpp_found(astpp) == {}
    execute(
        astpp,
        item(10, "2017-12-01 23:59:59"),
        item(11, "2017-12-31 23:59:59"),
        renewal(11, 11),
        renewal(12, 11),
        item(12, "2017-12-31 23:59:59"),
        renewal(13, 12, "1499.99000"),
    )
    assert _astpp_found(astpp) == {"overdue": 1, "extra recurringCharge": 1, "wrong price": 1}


class KillBill:
    """Rows of a Kill Bill: subscriptions by the month that are due on the 2nd at noon in Almaty (06:00 UTC)."""

    def __init__(self, url: str) -> None:
        self._url, self._number = url, 0
        self._rows = ["INSERT INTO invoices (id, status) VALUES ('committed', 'COMMITTED'), ('void', 'VOID')"]

    def subscription(self, through: str = "2018-01-02", *, first: str = "15") -> str:
        """Add one with November's fee."""
        self._number += 1
        new = f"s{self._number}"
        self._rows += [
            f"INSERT INTO bundles (id, account_id) VALUES ('b-{new}', 'a-{new}')",
            "INSERT INTO subscriptions (id, bundle_id, charged_through_date)"
            f" VALUES ('{new}', 'b-{new}', '{through} 06:00')",
        ]
        self.item(new, "11", amount=first, rate="15")
        return new

    def item(self, of: str, month: str, *, amount: str = "15", rate: str = "", invoice: str = "committed") -> str:
        """Add a fee for a month from the 2nd on, made on its first day."""
        self._number += 1
        end = "2018-01-02" if month == "12" else "2017-12-02"
        values = f"'2017-{month}-02', '{end}', {amount}, {rate or amount}, '2017-{month}-02 06:00:05'"
        self._add(f"'i{self._number}', 'RECURRING', '{invoice}', '{of}', {values}, NULL")
        return f"i{self._number}"

    def pay_in_arrears(self, of: str) -> None:
        self._rows.append(
            f"UPDATE invoice_items SET created_date = '2017-12-02 06:00:05' WHERE subscription_id = '{of}'"
        )

    def repair(self, of: str, item: str, amount: str = "-15") -> None:
        """Take an item back."""
        self._number += 1
        values = f"'2017-12-02', '2018-01-02', {amount}, NULL, '2017-12-02 06:30:00', '{item}'"
        self._add(f"'i{self._number}', 'REPAIR_ADJ', 'committed', '{of}', {values}")

    def event(self, of: str, type_: str, user: str, at: str) -> None:
        written = f"'{type_}', {user}, '{at}', '{of}', '{at}'"
        columns = "event_type, user_type, effective_date, subscription_id, created_date"
        self._rows.append(f"INSERT INTO subscription_events ({columns}) VALUES ({written})")

    def block(self, of: str, state: int, at: str) -> None:
        columns = "blockable_id, service, block_billing, effective_date"
        self._rows.append(f"INSERT INTO blocking_states ({columns}) VALUES ('{of}', 'entitlement', {state}, '{at}')")

    def tag(self, of: str, definition: int) -> None:
        self._rows.append(f"INSERT INTO tags (tag_definition_id, object_id) VALUES ('{_uuid(definition)}', '{of}')")

    def write(self) -> None:
        execute(self._url, *self._rows)
        self._rows.clear()

    def _add(self, values: str) -> None:
        columns = (
            "id, type, invoice_id, subscription_id, start_date, end_date, amount, rate, created_date, linked_item_id,"
            " plan_name, phase_name, catalog_effective_date"
        )
        rest = "'tv', 'tv-evergreen', '2017-01-01'"
        self._rows.append(f"INSERT INTO invoice_items ({columns}) VALUES ({values}, {rest})")


def _kill_bill_found(url: str) -> dict[str, float]:
    of = settings("tv", url, grace=600.0)
    return found(samples(of, moment("2017-12-02 18:00"), preset=load("killbill", "mysql")))


def test_kill_bill(kill_bill: str) -> None:
    rows = KillBill(kill_bill)
    rows.item(rows.subscription(), "12")
    repaired = rows.subscription()
    rows.repair(repaired, rows.item(repaired, "12"))
    rows.item(repaired, "12")
    rows.event(rows.subscription("2017-12-02"), "API_USER", "'CANCEL'", "2017-12-02 06:00")
    rows.event(rows.subscription("2017-12-02"), "EXPIRED", "NULL", "2017-11-20 06:00")
    rows.block(rows.subscription("2017-12-02"), 1, "2017-11-20 06:00")
    rows.tag("b-" + rows.subscription("2017-12-02"), 2)
    rows.pay_in_arrears(rows.subscription("2017-12-02"))
    more = rows.subscription()
    rows.event(more, "QUANTITY_UPDATE", "NULL", "2017-11-20 06:00")
    rows.item(more, "12", amount="30")
    part = rows.subscription(first="7.5")
    rows.item(part, "12", amount="15")
    rows.write()
    assert _kill_bill_found(kill_bill) == {}

    rows.subscription("2017-12-02")
    unblocked = rows.subscription("2017-12-02")
    rows.block(unblocked, 1, "2017-11-20 06:00")
    rows.block(unblocked, 0, "2017-11-25 06:00")
    rows.event(rows.subscription("2017-12-02"), "API_USER", "'CANCEL'", "2018-02-02 06:00")
    doubled = rows.subscription()
    rows.item(doubled, "12")
    rows.item(doubled, "12")
    rows.repair(doubled, rows.item(doubled, "12", invoice="void"), "-5")
    rows.item(rows.subscription(), "12", amount="14.99")
    rows.write()
    assert _kill_bill_found(kill_bill) == {"overdue": 3, "extra recurringCharge": 1, "wrong price": 1}


class ABillS:
    """Rows of an ABillS on the first day of this month, for which the server's clock stands as well.

    Tariffs: 1 to be paid before, 2 afterwards, 3 of the Internet, 4 by the day, 5 less each customer's reduction.
    """

    def __init__(self, url: str) -> None:
        self._url, self._number = url, 100
        self.first = datetime.now(ALMATY).date().replace(day=1)
        columns = "tp_id, name, month_fee, payment_type, module, abon_distribution, reduction_fee"
        self._rows = [
            f"INSERT INTO tarif_plans ({columns}) VALUES (1, 'Kino (HD)', 1500, 0, 'Iptv', 0, 0), (2, 'Sport', 900, 1,"
            " 'Iptv', 0, 0), (3, 'Fast', 5000, 0, 'Internet', 0, 0), (4, 'Daily', 3000, 0, 'Iptv', 1, 0),"
            " (5, 'Club', 1000, 0, 'Iptv', 0, 1)"
        ]

    def service(
        self, tariff: int = 1, *, deposit: float = 10_000, activate: str = "", disable: int = 0, user: str = "0, 0, 0"
    ) -> int:
        """Add one of a customer of its own; `user` is whether that is disabled and deleted, and the reduction."""
        self._number += 1
        n = self._number
        self._rows += [
            f"INSERT INTO bills (id, deposit) VALUES ({n}, {deposit})",
            f"INSERT INTO users (uid, bill_id, disable, deleted, reduction) VALUES ({n}, {n}, {user})",
            "INSERT INTO iptv_main (id, uid, tp_id, disable, activate)"
            f" VALUES ({n}, {n}, {tariff}, {disable}, '{activate or '0000-00-00'}')",
        ]
        return n

    def fee(
        self, of: int, amount: float = 1500, *, text: str = "Kino (HD) (1)", end: str = "", day: date | None = None
    ) -> None:
        """Add a fee, taken by the run of its day."""
        at = day or self.first
        self._rows.append(
            "INSERT INTO fees (date, reg_date, sum, dsc, uid, bill_id)"
            f" VALUES ('{at}', '{at} 01:01:07', {amount}, 'TV: M/F {text} {of}{end}', {of}, {of})"
        )

    def write(self) -> None:
        execute(self._url, "SET SESSION time_zone = '+05:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'", *self._rows)
        self._rows.clear()

    def found(self) -> dict[str, float]:
        at = datetime.combine(self.first, time(12), ALMATY).astimezone(UTC)
        of = settings("tv", self._url, grace=600.0, due_by="01:01")
        return found(samples(of, at, preset=load("abills", "mysql")))


def test_abills(abills: str) -> None:
    rows = ABillS(abills)
    month_ago = str(rows.first - timedelta(days=31))
    rows.fee(rows.service())
    rows.fee(rows.service(2, deposit=-5), 900, text="Sport (2)")
    rows.service(deposit=1500)  # the run charges who has more
    rows.service(disable=1)
    rows.service(user="1, 0, 0")
    rows.service(user="0, 1, 0")
    rows.service(4)
    rows.fee(rows.service(5, user="0, 0, 25"), 750, text="Club (5)")
    rows.service(5, user="0, 0, 100")
    rows.fee(rows.service(activate=str(rows.first)), day=rows.first)
    rows.service(activate=str(rows.first - timedelta(days=30)))  # due tomorrow
    rows.service(activate=month_ago, deposit=0)
    joined = rows.service()
    rows.fee(joined, 48.39, end=" aligned,")
    rows.fee(joined)
    both = rows.service()
    rows.fee(both, 5000, text="Fast (3)")  # a service of another module with the same number
    rows.fee(both)
    rows.write()
    assert rows.found() == {}

    rows.service()
    rows.fee(rows.service(), 5000, text="Fast (3)")
    rows.service(2, deposit=-5)
    rows.service(activate=month_ago)
    doubled = rows.service()
    rows.fee(doubled)
    rows.fee(doubled)
    rows.fee(rows.service(), 1499)
    rows.fee(rows.service(5, user="0, 0, 25"), 1000, text="Club (5)")
    rows.write()
    assert rows.found() == {
        "unexplained": 3,
        "left over": 3,
        "overdue": 1,
        "extra recurringCharge": 1,
        "wrong price": 2,
    }
