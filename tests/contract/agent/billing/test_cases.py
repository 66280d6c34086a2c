"""A case of December 2017: its scope and its correction, counted by the agent to the account and the tiyn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.agent.billing.cases import Counted, scope_in, scope_of, stage, values
from tests.contract.agent.billing.december import PRICES, TARIFFS, December
from tests.contract.agent.billing.offered import offered
from tests.contract.agent.billing.schema import Store, moment, tables_of
from tests.contract.agent.databases import mariadb, postgresql

SILENT = TARIFFS[:4]
UNTIL = "2017-12-02T10:00:00+06:00"
SINCE = "2017-12-01T00:00:00+06:00"


@pytest.fixture(scope="module", autouse=True)
def also_over_http() -> Iterator[None]:
    with offered() as billing:
        Counted.offered = billing
        yield
    Counted.offered = None


@pytest.fixture(scope="module")
def december() -> Iterator[tuple[Store, December]]:
    with postgresql() as url:
        store = Store(url)
        truth = December(store, accounts=5_000, silent=SILENT)
        truth.fill()
        truth.charge_until("2017-12-01 00:35")
        yield store, truth


def test_the_scope_and_the_correction_of_december(december: tuple[Store, December], tmp_path: Path) -> None:
    store, truth = december
    counted = Counted(store, tmp_path / "cases.json")
    opening = counted.at(moment("2017-12-01 00:35"))
    assert scope_in(opening) == scope_of(truth.due_before("2017-12-01 00:05"))
    assert values(opening, "since_timestamp_seconds") == {"17": moment("2017-12-01 00:00").timestamp()}
    truth.charge_until("2017-12-02 10:00")
    everything = scope_of(truth.due_before("2017-12-02 00:00"))
    contained = counted.at(moment("2017-12-02 10:31"), since=SINCE, until=UNTIL)
    assert scope_in(contained) == everything
    assert set(everything.accounts) == set(SILENT)
    assert values(contained, "settled") == {"17": 1}
    spend(store)
    spent = counted.at(moment("2017-12-02 10:31"), since=SINCE, until=UNTIL)
    assert values(spent, "scope_amount_minor", "alga")["outside_bundle"] == sum(
        outside(account) for account in truth.due_before("2017-12-02 00:00") if account % 10 == 0
    )
    affected = truth.due_before("2017-12-02 00:00")
    owed = {account: outside(account) for account in affected if outside(account)}
    assert stage(spent, "charged") == {"required": len(affected)}
    assert stage(spent, "refunded") == {"required": len(owed)}
    # Correction: 200 stragglers, 3 charged again, 1 charged a wrong sum, 2 who had paid in time charged as well.
    late = affected[200:]
    charge(store, late, wrong=late[:1], twice=late[1:4], outside=[4, 5])
    # 37 refunded twice, 11 a wrong sum, 5 who are owed nothing, 1 left open.
    people = sorted(owed)
    refund(store, {account: owed[account] for account in people[1:]}, people[1:38], people[38:49], [4, 5, 6, 7, 8])
    tell(store, affected[30:], affected[:30])
    corrected = counted.at(moment("2017-12-03 12:00"), since=SINCE, until=UNTIL)
    assert scope_in(corrected) == everything
    assert stage(corrected, "charged") == {
        "required": len(affected),
        "done": len(affected) - 204,
        "wrong": 1,
        "twice": 3,
        "outside": 2,
    }
    assert stage(corrected, "refunded") == {
        "required": len(owed),
        "done": len(owed) - 49,
        "wrong": 11,
        "twice": 37,
        "outside": 5,
    }
    assert stage(corrected, "told") == {"required": len(affected), "done": len(affected) - 30, "unreachable": 30}
    assert values(corrected, "unreachable") == {"no number": 30}
    assert values(corrected, "scope_amount_minor", "alga") == values(spent, "scope_amount_minor", "alga")
    # A restart changes nothing.
    assert Counted(store, tmp_path / "again.json").at(moment("2017-12-03 12:00"), since=SINCE, until=UNTIL) == corrected
    assert values(corrected, "clean") == {"17": 0}


def outside(account: int) -> int:
    """Return what an account of a silent tariff spent outside its bundle, in tiyn."""
    return account % 7 * 1500 + account % 3


def spend(store: Store) -> None:
    """Let every account use the network at noon of 1 December, and once before its fee was due."""
    amount = "-(n % 7 * 1500 + n % 3)"
    tariffs = " ".join(f"WHEN {number} THEN '{tariff}'" for number, tariff in enumerate(TARIFFS))
    store.execute(
        *(
            "INSERT INTO billing_movement SELECT 'a' || n, 'mobile',"
            f" CASE n % 10 {tariffs} END, 'main', 'nonIncludedUsage', {amount}, 100000, 100000 + {amount},"
            f" TIMESTAMPTZ '{at}', NULL FROM generate_series(0, 4999) n WHERE {amount} <> 0"
            for at in ("2017-11-30 23:59:59+06:00", "2017-12-01 12:00:00+06:00")
        ),
        "ANALYZE",
    )


def charge(store: Store, late: list[int], wrong: list[int], twice: list[int], outside: list[int]) -> None:
    """Charge accounts on 3 December."""

    def row(name: str, account: int, amount: int) -> tuple[object, ...]:
        tariff, at = TARIFFS[account % 10], moment("2017-12-03 02:00")
        period = ("2017-12-01", "2017-12-31")
        return (f"{name}{account}", f"s{account}", "mobile", tariff, "recurringCharge", *period, amount, at, None, None)

    prices = {account: PRICES[TARIFFS[account % 10]] for account in (*late, *outside)}
    rows = [row("late", account, prices[account] - (account in wrong)) for account in late]
    rows += [row("again", account, prices[account]) for account in (*twice, *outside)]
    store.insert({"charge": rows})
    store.execute(
        "UPDATE billing_subscription SET next_charge_at = next_charge_at + INTERVAL '31' DAY"
        " WHERE id IN (SELECT subscription_id FROM billing_charge WHERE id LIKE 'late%')"
    )


def refund(store: Store, owed: dict[int, int], twice: list[int], wrong: list[int], outside: list[int]) -> None:
    """Give money back."""

    def row(account: int, amount: int) -> tuple[object, ...]:
        tariff, at = TARIFFS[account % 10], moment("2017-12-03 03:00")
        return (f"a{account}", "mobile", tariff, "main", "refund", amount, 0, amount, at, "case-17")

    rows = [row(account, amount + (account in wrong)) for account, amount in owed.items()]
    rows += [row(account, owed[account]) for account in twice] + [row(account, 100) for account in outside]
    store.insert({"movement": rows})


def tell(store: Store, reached: list[int], unreachable: list[int]) -> None:
    """Send everybody a message."""
    at = moment("2017-12-03 04:00")
    store.insert(
        {
            "notice": [
                *((f"a{account}", "case-17", "sms", "delivered", None, at) for account in reached),
                *((f"a{account}", "case-17", "sms", "unreachable", "no number", at) for account in unreachable),
            ]
        }
    )


@pytest.fixture(scope="module")
def of_mariadb() -> Iterator[tuple[Store, None]]:
    with mariadb() as url:
        store = Store(url)
        store.create()
        yield store, None


@pytest.mark.parametrize("server", ["december", "of_mariadb"])
def test_small_cases_of_every_kind(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> None:
    store, _ = request.getfixturevalue(server)
    missing(store, tmp_path / "missing.json")
    doubled(store, tmp_path / "doubled.json")
    shown(store, tmp_path / "shown.json")


@pytest.mark.parametrize("server", ["december", "of_mariadb"])
def test_a_stage_without_its_view_takes_no_other_figure_away(
    request: pytest.FixtureRequest, server: str, tmp_path: Path
) -> None:
    store, _ = request.getfixturevalue(server)
    case = {"service": "without", "reference": "case-20", "opened": "2026-03-05T09:00:00+05:00"}
    store.insert(tables_of("without", {"subscriptions": [["s", "T", 500, 5, "active", "2026-03-05 08:00", ""]]}))
    counted = Counted(store, tmp_path / "cases.json", **case)
    whole = counted.at(moment("2026-03-05 12:00"))
    assert stage(whole, "charged") == stage(whole, "told") == {"required": 1}
    for view, stages in (("notice", {"charged", "refunded"}), ("movement", {"charged", "told"})):
        store.execute(f"ALTER TABLE billing_{view} RENAME TO away")
        try:
            found = counted.at(moment("2026-03-05 12:00"), kind="missing")
        except OSError:
            assert view == "movement"  # what was spent outside the bundle is part of the scope
        else:
            assert {s.labels[2] for s in found if s.metric.name == "ott_billing_case_accounts"} == stages
            assert scope_in(found) == scope_in(whole)
        finally:
            store.execute(f"ALTER TABLE away RENAME TO billing_{view}")


def missing(store: Store, book: Path) -> None:
    """One of three was charged in time, one late, one has a reason that was recorded in time; one is owed nothing."""
    monthly = ["recurringCharge", "2026-03-05", "2026-04-04", 500]
    rows = {
        "subscriptions": [
            ["intime", "T", 500, 5, "active", "2026-04-05 08:00", ""],
            ["late", "T", 500, 5, "active", "2026-04-05 08:00", ""],
            ["reason", "T", 500, 5, "active", "2026-04-05 08:00", ""],
            ["never", "U", 700, 5, "active", "2026-03-05 08:00", ""],
            ["later", "U", 700, 5, "active", "2026-03-05 20:00", ""],
            ["left", "U", 700, 5, "closed", "2026-03-05 08:00", "2026-03-06 10:00"],
        ],
        "charges": [
            ["a", "intime", *monthly, "2026-03-05 08:00", "", ""],
            ["b", "late", *monthly, "2026-03-05 09:00", "", ""],
        ],
        "outcomes": [["reason", "2026-03-05", "insufficient", "2026-03-05 08:01"]],
    }
    store.insert(tables_of("missing", rows))
    case = {"service": "missing", "opened": "2026-03-05T09:00:00+05:00", "since": "2026-03-05T08:00:00+05:00"}
    counted = Counted(
        store, book, **case, reference="case-18", until="2026-03-05T10:00:00+05:00", stages=["charged", "refunded"]
    )
    found = counted.at(moment("2026-03-07 12:00"))
    assert values(found, "scope_accounts") == {"T": 1, "U": 2}
    assert values(found, "scope_amount_minor", "U")["not_charged"] == 1400
    assert stage(found, "charged") == {"required": 3, "done": 1}
    assert stage(found, "refunded") == {}
    assert values(found, "clean") == {"17": 0}


def doubled(store: Store, book: Path) -> None:
    """Of three doubled fees one is reversed, one refunded with a wrong sum, one not; one was put right before."""
    monthly = ["recurringCharge", "2026-03-05", "2026-04-04", 500]
    rows = {
        "subscriptions": [[f"s{n}", "T", 500, 5, "active", "2026-04-05 00:00", ""] for n in range(5)],
        "charges": [
            *(["a" + str(n), f"s{n}", *monthly, "2026-03-05 00:01", "", ""] for n in range(5)),
            *(["b" + str(n), f"s{n}", *monthly, "2026-03-05 01:00", "", ""] for n in range(3)),
            ["r0", "s0", *monthly[:-1], -500, "2026-03-05 09:00", "b0", ""],
            # Reversed before it was charged again: not twice.
            ["r3", "s3", *monthly[:-1], -500, "2026-03-05 00:30", "a3", ""],
            ["b3", "s3", *monthly, "2026-03-05 01:00", "", ""],
        ],
        "movements": [
            ["account-s1", "main", "refund", 300, 0, 300, "2026-03-05 09:00", "case-18"],
            ["account-s4", "main", "refund", 500, 0, 500, "2026-03-05 09:00", "case-18"],
        ],
    }
    store.insert(tables_of("doubled", rows))
    case = {
        "service": "doubled",
        "kind": "doubled",
        "reference": "case-18",
        "opened": "2026-03-05T01:05:00+05:00",
        "stages": ["refunded", "told"],
    }
    found = Counted(store, book, **case).at(moment("2026-03-05 12:00"))
    assert values(found, "scope_accounts") == {"T": 3}
    assert values(found, "scope_amount_minor", "T") == {"in_excess": 1500}
    assert values(found, "since_timestamp_seconds") == {"17": moment("2026-03-05 01:00").timestamp()}
    assert stage(found, "refunded") == {"required": 3, "done": 1, "wrong": 1, "outside": 1}
    assert stage(found, "told") == {"required": 3}


def shown(store: Store, book: Path) -> None:
    """Of three balances shown wrong one is right in the next snapshot; all accounts of a tariff get a bonus."""
    first, second = "2026-03-05 03:00", "2026-03-06 03:00"
    rows = {
        "subscriptions": [[f"s{n}", "T", 500, 5, "active", "2026-04-05 00:00", ""] for n in range(5)],
        "products": [[f"s{n}", f"a{n}", ""] for n in range(5)],
        "movements": [[f"a{n}", "main", "topup", 1000, 0, 1000, "2026-03-04 12:00", ""] for n in range(5)],
        "balances": [
            *([f"a{n}", "main", 0 if n < 3 else 1000, first] for n in range(5)),
        ],
    }
    bonuses = [
        *([f"a{n}", "gift", "bonus", 5, 0, 5, "2026-03-06 12:00", "case-18"] for n in range(1, 5)),
        ["a1", "gift", "bonus", 5, 5, 10, "2026-03-06 12:01", "case-18"],
    ]
    after = [[f"a{n}", "main", 0 if n < 2 else 1000, second] for n in range(5)]
    store.insert(tables_of("shown", rows))
    given = {"tariffs": ["T"], "bucket": "gift", "amountMinor": 5}
    case = {"service": "shown", "kind": "shown", "opened": "2026-03-05T04:00:00+05:00", "compensation": given}
    counted = Counted(store, book, **case, reference="case-18", stages=["adjusted", "compensated"])
    opening = counted.at(moment("2026-03-05 04:00"))
    assert values(opening, "scope_accounts") == {"T": 3}
    assert values(opening, "since_timestamp_seconds") == {"17": moment(first).timestamp()}
    store.insert(tables_of("shown", {"balances": after, "movements": bonuses}))
    later = counted.at(moment("2026-03-06 13:00"), since="2026-03-05T03:00:00+05:00")
    assert values(later, "scope_amount_minor", "T") == {"shown_wrong": 3000}
    assert values(later, "fingerprint") == values(opening, "fingerprint")
    assert stage(later, "adjusted") == {"required": 3, "done": 1}
    assert stage(later, "compensated") == {"required": 5, "done": 3, "twice": 1}


def test_no_identifier_leaves_the_billing(of_mariadb: tuple[Store, None], tmp_path: Path) -> None:
    """Planted accounts, ids and references are in nothing that the agent serves, right or wrong as the rows may be."""
    store, _ = of_mariadb
    monthly = ["recurringCharge", "2026-03-05", "2026-04-04", 500]
    planted = [f"87015550{n:03}" for n in range(100)]
    rows = {
        "subscriptions": [[name, "T", 500, 5, "active", "2026-03-05 00:00", ""] for name in planted],
        "products": [[name, f"iin{name}", ""] for name in planted],
        "charges": [
            row
            for name in planted[:50]
            for row in (
                [f"a{name}", name, *monthly, "2026-03-05 00:01", "", ""],
                [f"b{name}", name, *monthly, "2026-03-05 01:00", "", f"order{name}"],
            )
        ],
        "movements": [
            [f"iin{name}", "main", "nonIncludedUsage", -7, 0, -7, "2026-03-05 02:00", ""] for name in planted
        ],
    }
    store.insert(tables_of("private", rows))
    case = {"service": "private", "reference": "case-19", "opened": "2026-03-05T01:00:00+05:00"}
    for kind, accounts in (("missing", 50), ("doubled", 50)):
        counted = Counted(store, tmp_path / f"{kind}.json", **case, kind=kind)
        found = counted.at(moment("2026-03-05 12:00"))
        assert values(found, "scope_accounts") == {"T": accounts}
        shown = [label for sample in found for label in sample.labels]
        assert {label for label in shown if any(name in label for name in planted)} == set()
