"""The run of 1 December was moved to three in the morning, and the settings say so; four tariffs are left out."""

import json
from pathlib import Path

from agent.sources.billing.cases.count import Cases
from agent.sources.billing.job import checks
from tests.contract.agent.billing.asked import PRESET, billing, found, samples, settings
from tests.contract.agent.billing.cases import KEY, scope_in, scope_of
from tests.contract.agent.billing.december import TARIFFS, December
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.databases import postgresql

SILENT = TARIFFS[:4]
ACCOUNTS = 2_000


def test_only_what_the_moved_run_left_out_is_missing(tmp_path: Path) -> None:
    book = tmp_path / "cases.json"
    with postgresql() as url:
        store = Store(url)
        truth = December(store, ACCOUNTS, SILENT)
        truth.fill()
        of = settings("mobile", url, moved={"2017-12-01": "03:00"}, cases=str(book))
        asked = [check for check in checks(of, PRESET) if check.name in ("overdue", "completeness", "extra")]
        for clock in ("00:05", "01:31", "02:59", "03:01"):
            assert found(samples(of, moment(f"2017-12-01 {clock}"), asked)) == {}, clock
        # Whoever does not say so has a missing run an hour after midnight.
        assert found(samples(settings("mobile", url), moment("2017-12-01 01:31")))["overdue"] == ACCOUNTS
        truth.charge_until("2017-12-01 03:10")
        store.execute("UPDATE billing_charge SET at = TIMESTAMPTZ '2017-12-01 03:05:00+06'")
        lost = truth.due_before("2017-12-01 03:10")
        late = {"overdue": len(lost), "unexplained": len(lost), "stopped": len(lost)}
        assert found(samples(of, moment("2017-12-01 03:31"), asked)) == late
        assert found(samples(of, moment("2017-12-01 08:01"), asked)) == late | {"left over": len(lost)}
        case = {
            "id": "17",
            "service": "mobile",
            "kind": "missing",
            "reference": "case-17",
            "key": KEY,
            "opened": "2017-12-01T03:31:00+06:00",
            "since": None,
            "until": None,
            "stages": ["charged"],
            "compensation": None,
        }
        book.write_text(json.dumps({"cases": [case]}), "utf-8")
        source = billing(of, moment("2017-12-01 03:31"))
        with source.session(source.slow, 60.0) as asking:
            assert scope_in(list(Cases(of, PRESET).collect(asking))) == scope_of(lost)
