"""The table says what differs."""

from demo.table import Row, render


def test_the_table_marks_what_differs() -> None:
    rows = [
        Row("1 subscribers", "3,340", "3,340", "equal", fine=True),
        Row("5 sessions", "nothing", "50", "equal", fine=False),
    ]
    assert render(rows).splitlines() == [
        "figure         in Prometheus  really  wanted",
        "────────────────────────────────────────────",
        "1 subscribers          3,340   3,340  equal   ok",
        "5 sessions           nothing      50  equal   DIFFERS",
    ]
