"""Busy-hour reports over a year of one-minute data of 20 nodes in a real Prometheus, beside a plain pandas script.

10.5 million samples are written with promtool. Measured are wall time and peak resident memory of whole processes:
the report straight from Prometheus, the backfill into SQLite of a month and of the year, the report from the stored
records, and a pandas script that computes one definition (TCBH by quarter) of the same samples.

    python -m bench.busy_hour_year [--days 365] [--series 20] [--folder F [--stored]]

Samples and records stay in the folder of `--folder`, and the next call uses the samples it finds there. With `--stored`
only the report from the records of such a folder is measured, without Prometheus.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np

from demo.ports import free_port

FIRST = date(2025, 1, 1)
START = 1735671600  # 2025-01-01 00:00 in Almaty
NAME = "node:ott_edge_sessions:sum"

LIVE_SECONDS, LIVE_MIB, STORED_SECONDS = 20.0, 200.0, 1.0  # seconds of processor
GROWTH_MIB = 60.0  # a year of backfill against a month of it

PANDAS = """
import sys, httpx, pandas as pd
address, start, days, node = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
frames = []
for day in range(0, days, 7):
    first, last = start + 86400 * day, start + 86400 * min(day + 7, days) - 60
    answer = httpx.get(f"{address}/api/v1/query_range", params={
        "query": f"{node}", "start": first, "end": last, "step": 60}, timeout=120).json()
    for series in answer["data"]["result"]:
        frame = pd.DataFrame(series["values"], columns=["time", "value"])
        frame["node"] = series["metric"]["node"]
        frames.append(frame)
data = pd.concat(frames)
data["value"] = data["value"].astype(float)
data["time"] = pd.to_datetime(data["time"], unit="s", utc=True).dt.tz_convert("Asia/Almaty")
for node, group in data.groupby("node"):
    quarters = group.set_index("time")["value"].resample("15min").mean()
    average = quarters.groupby(quarters.index.time).mean()
    hours = average.rolling(4).mean().shift(-3)
    print(node, hours.idxmax().strftime("%H:%M"), repr(float(hours.max())))
"""


class Run(NamedTuple):
    """A finished process."""

    seconds: float
    processor: float  # its own; what other work on the machine takes is not in it
    mebibytes: float
    output: str


def measured(*command: str) -> Run:
    """Run a command; return wall time and its own peak resident memory."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command[:4])} … ended with {process.returncode}")
        return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read())


def fill(data: Path, days: int, series: int) -> None:
    """Write the samples month by month: promtool reads its input once for each block."""
    for begin in range(0, days, 20):
        minutes = np.arange(begin * 1440, min(begin + 20, days) * 1440)
        clock = minutes % 1440
        with tempfile.NamedTemporaryFile("w", suffix=".om") as file:
            for node in range(series):
                peak = 1200 + 15 * (node % 5) + 15 * ((minutes // 1440) % 3)
                values = np.rint(
                    (400 + 10 * node + minutes / 5000)
                    * (0.1 + np.exp(-(((clock - peak) / 150.0) ** 2)))
                    * (1 + 0.02 * np.sin(minutes / 11))
                )
                label = f'{NAME}{{node="edge-{node:02d}",site="s{node % 4}",role="edge",service="ott"}}'
                file.writelines(
                    f"{label} {value:.0f} {START + 60 * minute}\n"
                    for minute, value in zip(minutes.tolist(), values.tolist(), strict=True)
                )
            file.write("# EOF\n")
            file.flush()
            subprocess.run(
                [
                    *("promtool", "tsdb", "create-blocks-from", "--max-block-duration=486h", "openmetrics", "-q"),
                    *(file.name, str(data)),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )


@contextlib.contextmanager
def prometheus(folder: Path, samples: Path) -> Iterator[str]:
    """Run Prometheus on the data."""
    port = free_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={samples}",
            "--storage.tsdb.retention.time=20y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/-/ready").status_code == 200:
                    break
            time.sleep(0.2)
        else:
            raise SystemExit("Prometheus did not become ready")
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Measure, print and compare with the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--series", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep samples and records here, and use the samples that are here")
    parser.add_argument("--stored", action="store_true", help="measure only the report from the records in --folder")
    options = parser.parse_args()
    if options.stored and options.folder is None:
        parser.error("--stored needs the --folder of an earlier call")
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        last = FIRST + timedelta(days=options.days - 1)
        program = Program(folder / "busyhour.toml", FIRST, last)
        if options.stored:
            runs = [program.stored() for _ in range(5)]
            for run in runs:
                show("report from records", run)
            best = min(run.processor for run in runs)
            return 0 if best < STORED_SECONDS else 1
        return everything(folder, program, options.days, options.series)


class Program(NamedTuple):
    """The program under measurement, with its settings and the range of days."""

    config: Path
    first: date
    last: date

    def run(self, command: str, *arguments: str, last: date | None = None) -> Run:
        """Run a subcommand over the range."""
        return measured(
            *(sys.executable, "-m", "dashboards.busy_hour", command, "--config", str(self.config)),
            *("--from", self.first.isoformat(), "--to", (last or self.last).isoformat(), *arguments),
        )

    def stored(self) -> Run:
        """Report from the records."""
        return self.run("report", "--quantity", "sessions", "--json")


def show(title: str, run: Run) -> None:
    """Print a measurement."""
    print(f"{title:<26}{run.seconds:8.2f} s wall {run.processor:8.2f} s processor {run.mebibytes:8.0f} MiB")


def everything(folder: Path, program: Program, days: int, series: int) -> int:
    """Fill, measure all, and compare."""
    samples = folder / f"{series}-series-{days}-days"
    if samples.exists():
        print(f"samples found in {samples}")
    else:
        began = time.perf_counter()
        unfinished = samples.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        fill(unfinished, days, series)
        unfinished.rename(samples)
        print(f"filled {days * 1440 * series:,} samples in {time.perf_counter() - began:.1f} s")
    for name in ("year.db", "month.db"):
        (folder / name).unlink(missing_ok=True)
    with prometheus(folder, samples) as address:
        program.config.write_text(f'prometheus = "{address}"\ndatabase = "sqlite:///{folder / "year.db"}"\n')
        month_end = FIRST + timedelta(days=min(30, days) - 1)
        month = program.run("backfill", "--database", f"sqlite:///{folder / 'month.db'}", last=month_end)
        live = program.run("report", "--quantity", "sessions", "--live", "--json")
        year = program.run("backfill")
        stored = min((program.stored() for _ in range(3)), key=lambda run: run.seconds)
        pandas = measured(sys.executable, "-c", PANDAS, address, str(START), str(days), NAME)
    show("report from Prometheus", live)
    show("backfill of 30 days", month)
    show("backfill of the year", year)
    show("report from records", stored)
    show("pandas, TCBH by quarter", pandas)
    print(f"report from Prometheus over pandas: time × {live.seconds / pandas.seconds:.2f}")
    return verdict(live, (month, year), stored, pandas)


def verdict(live: Run, backfills: tuple[Run, Run], stored: Run, pandas: Run) -> int:
    """Compare results with each other and figures with the bounds."""
    reports = json.loads(live.output)
    ours = [
        (report["scope"], report["measures"]["tcbh_quarter"]["start"], report["measures"]["tcbh_quarter"]["value"])
        for report in (reports if isinstance(reports, list) else [reports])
    ]
    theirs = [line.split() for line in pandas.output.splitlines()]
    agree = [
        scope == f"node:{node}" and start == clock and abs(value - float(figure)) < 1e-9 * value
        for (scope, start, value), (node, clock, figure) in zip(ours, theirs, strict=True)
    ]
    print(f"TCBH agrees with pandas on {sum(agree)} of {len(agree)} series")
    grown = backfills[1].mebibytes - backfills[0].mebibytes
    print(f"memory of the backfill grows by {grown:.0f} MiB from 30 days to the whole range")
    faults = [
        text
        for text, fine in (
            ("the reports differ between live and stored", live.output == stored.output),
            ("TCBH differs from pandas", all(agree)),
            (f"report from Prometheus above {LIVE_SECONDS:.0f} s of processor", live.processor <= LIVE_SECONDS),
            (f"report from Prometheus above {LIVE_MIB:.0f} MiB", live.mebibytes <= LIVE_MIB),
            (f"report from records above {STORED_SECONDS:.0f} s of processor", stored.processor < STORED_SECONDS),
            (f"memory grows with the range by {grown:.0f} MiB", grown < GROWTH_MIB),
        )
        if not fine
    ]
    print("\n".join(faults) or "all within bounds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
