"""December's correction with everything that goes wrong in one, written by SQL; its truth is known from the numbers.

Account n of the silent tariffs spent outside(n) outside its bundle; i counts the affected accounts in order.
"""

from tests.contract.agent.billing.december import PRICES, TARIFFS
from tests.contract.agent.billing.schema import Store

SILENT = TARIFFS[:4]
STRAGGLERS, TWICE, WRONG, OUTSIDE, OPEN, UNREACHABLE = 200, 37, 11, 5, 1, 30
_SPENT = "(n % 7 * 1500 + n % 3)"
_TARIFF = f"CASE n % 10 {' '.join(f'WHEN {n} THEN {name!r}' for n, name in enumerate(TARIFFS))} END"
_PRICE = f"CASE n % 10 {' '.join(f'WHEN {n} THEN {price}' for n, price in enumerate(PRICES.values()))} END"
_MOVED = (
    "INSERT INTO billing_movement"
    " SELECT 'a' || n, 'mobile', {tariff}, 'main', {kind}, {amount}, 0, {amount}, {at}, {case}"
)


def outside(account: int) -> int:
    """Return what an account spent outside its bundle, in tiyn."""
    return account % 7 * 1500 + account % 3


def spend(store: Store, accounts: int) -> None:
    """Let the accounts of the silent tariffs use the network while their fee is missing."""
    moved = _moved("nonIncludedUsage", f"-{_SPENT}", "2017-12-01 12:00:00+06", "NULL")
    store.execute(f"{moved} FROM {_affected(accounts)} WHERE {_SPENT} > 0", "ANALYZE")


def correct(store: Store, accounts: int) -> dict[str, dict[str, float]]:
    """Charge late, refund and tell, with faults; return how many accounts of each stage are in which state."""
    affected = [n for n in range(accounts) if n % 10 < len(SILENT)]
    owed = [n for n in affected if outside(n)]
    twice, wrong = owed[OPEN : OPEN + TWICE], owed[OPEN + TWICE : OPEN + TWICE + WRONG]
    late = (
        "INSERT INTO billing_charge SELECT {name} || n, 's' || n, 'mobile', " + _TARIFF + ", 'recurringCharge',"
        " DATE '2017-12-01', DATE '2017-12-31', "
        + _PRICE
        + " - {less}, TIMESTAMPTZ '2017-12-03 02:00:00+06', NULL, NULL"
        " FROM {rows}"
    )
    refund = _moved("refund", f"({_SPENT} + CASE WHEN n IN ({_listed(wrong)}) THEN 1 ELSE 0 END)")
    again = _moved("refund", _SPENT)
    stray = _moved("refund", "1000")
    told = (
        "INSERT INTO billing_notice SELECT 'a' || n, 'case-17', 'sms', {status}, {reason},"
        " TIMESTAMPTZ '2017-12-03 11:00:00+06' FROM {rows}"
    )
    store.execute(
        late.format(name="'late'", less=0, rows=f"{_affected(accounts)} WHERE i >= {STRAGGLERS}"),
        f"{refund} FROM {_affected(accounts)} WHERE {_SPENT} > 0 AND n > {owed[OPEN - 1]}",
        f"{again} FROM {_affected(accounts)} WHERE n IN ({_listed(twice)})",
        f"{stray} FROM generate_series(4, {3 + OUTSIDE}) n",
        told.format(status="'delivered'", reason="NULL", rows=f"{_affected(accounts)} WHERE i >= {UNREACHABLE}"),
        told.format(
            status="'unreachable'", reason="'no number'", rows=f"{_affected(accounts)} WHERE i < {UNREACHABLE}"
        ),
        "ANALYZE",
    )
    refunded = {"done": len(owed) - OPEN - TWICE - WRONG, "wrong": WRONG, "twice": TWICE, "outside": OUTSIDE}
    return {
        "charged": {"required": len(affected), "done": len(affected) - STRAGGLERS},
        "refunded": {"required": len(owed), **refunded},
        "told": {"required": len(affected), "done": len(affected) - UNREACHABLE, "unreachable": UNREACHABLE},
    }


def _moved(kind: str, amount: str, at: str = "2017-12-03 03:00:00+06", case: str = "'case-17'") -> str:
    return _MOVED.format(tariff=_TARIFF, kind=f"'{kind}'", amount=amount, at=f"TIMESTAMPTZ '{at}'", case=case)


def _affected(accounts: int) -> str:
    return (
        f"(SELECT n, n / 10 * {len(SILENT)} + n % 10 AS i FROM generate_series(CAST(0 AS BIGINT), {accounts - 1}) n"
        f" WHERE n % 10 < {len(SILENT)}) a"
    )


def _listed(accounts: list[int]) -> str:
    return ", ".join(map(str, accounts))
