"""A billing of many accounts on 1 December 2017: fees due within an hour, charged except those of silent tariffs."""

from collections.abc import Sequence
from datetime import timedelta

from tests.contract.agent.billing.schema import Store, moment

# Tariff and price in tiyn.
PRICES = {
    "alga": 99000,
    "prestige": 189000,
    "prestige-plus": 299000,
    "circle": 149000,
    **{f"tariff-{number}": 100000 + number for number in range(6)},
}
TARIFFS = tuple(PRICES)
FIRST = "2017-12-01 00:00"


class December:
    """Writes the rows, and knows by itself what is due."""

    def __init__(self, store: Store, accounts: int, silent: Sequence[str], *, lost: int = 1, of: int = 1) -> None:
        """Of the silent tariffs' accounts, `lost` of each `of` are not charged."""
        self._store, self._accounts, self._silent = store, accounts, silent
        self._lost, self._of = lost, of

    def fill(self) -> None:
        """Create the subscriptions; account n has tariff n mod 10 and is due second 7919 n mod 3600 after midnight."""
        tariffs = " ".join(f"WHEN {number} THEN '{tariff}'" for number, tariff in enumerate(TARIFFS))
        prices = " ".join(f"WHEN {number} THEN {price}" for number, price in enumerate(PRICES.values()))
        self._store.create()
        self._store.execute(
            "INSERT INTO billing_subscription SELECT 's' || n, 'mobile',"
            f" CASE n % 10 {tariffs} END, CASE n % 10 {prices} END, 1, 'active',"
            f" TIMESTAMPTZ '{moment(FIRST).isoformat()}' + make_interval(secs => n * 7919 % 3600), NULL, 'a' || n, NULL"
            f" FROM generate_series(CAST(0 AS BIGINT), {self._accounts - 1}) n",
            "ANALYZE",
        )

    def charge_until(self, at: str) -> None:
        """Charge what fell due until five seconds before, except what is lost."""
        known = ", ".join(f"'{tariff}'" for tariff in self._silent)
        last = (moment(at) - timedelta(seconds=5)).isoformat()
        lost = f"tariff IN ({known}) AND CAST(SUBSTR(id, 2) AS BIGINT) / 10 % {self._of} < {self._lost}"
        due = f"NOT ({lost}) AND next_charge_at <= TIMESTAMPTZ '{last}'"
        self._store.execute(
            "INSERT INTO billing_charge SELECT 'c' || id, id, service, tariff, 'recurringCharge', DATE '2017-12-01',"
            " DATE '2017-12-31', price_minor, next_charge_at + INTERVAL '5' SECOND"
            f" FROM billing_subscription WHERE {due}",
            f"UPDATE billing_subscription SET next_charge_at = next_charge_at + INTERVAL '31' DAY WHERE {due}",
            "ANALYZE",
        )

    def due_before(self, before: str) -> list[int]:
        """Return the accounts whose fee fell due before a moment and is lost."""
        last = (moment(before) - moment(FIRST)) / timedelta(seconds=1)
        silent = {number for number, tariff in enumerate(TARIFFS) if tariff in self._silent}
        lost = (n for n in range(self._accounts) if n % 10 in silent and n // 10 % self._of < self._lost)
        return [n for n in lost if n * 7919 % 3600 < last]

    def overdue(self, before: str) -> dict[str, tuple[int, int]]:
        """Return the number and the fees of what fell due before a moment and is not charged, by tariff."""
        found: dict[str, tuple[int, int]] = {}
        for account in self.due_before(before):
            tariff = TARIFFS[account % 10]
            count, amount = found.get(tariff, (0, 0))
            found[tariff] = (count + 1, amount + PRICES[tariff])
        return found
