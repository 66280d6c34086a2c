"""What the monitoring of before left: a year of subscribers served as CSV, imported as an operator would.

Eight weeks of records see no further than their own length three times over; with the months before them the forecast
tells a date.
"""

import subprocess

from demo import curve, history, programs
from demo.layout import Layout
from demo.processes import ENDS_WITH_PARENT

DAYS = 365
_SECONDS = 60


def bring_in(layout: Layout, now: float, scale: float) -> None:
    """Write the CSV up to the history's first day and import it."""
    file = layout.home("busyhour") / "before.csv"
    rows = history.quarters_before(curve.first_day(now), DAYS, scale)
    file.write_text("time,served\n" + "".join(f"{at},{served:.2f}\n" for at, served in rows), "utf-8")
    words = ("import", str(file), "--scope", "platform", "--quantity", "subscribers_online", "--step", "15m")
    command = [*ENDS_WITH_PARENT, *programs.busy_hour_command(layout, *words)]
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
