"""Pages in many tabs: browsers keep six connections to a desk over HTTP/1.1, which streams out of sight would take."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

STATIC = ROOT / "alerts" / "desk" / "console" / "static"
# What a browser offers to the script, as far as it asks for it.
PAGE = """
const told = {};
const live = { dataset: DATA, querySelectorAll: () => [] };
globalThis.open = [];
globalThis.window = globalThis;
globalThis.location = { href: "http://desk/ticket/1" };
globalThis.document = {
  hidden: HIDDEN,
  body: { dataset: { now: "0", units: "d,h,min,s" } },
  querySelector: () => ({ dataset: { live: "/ticket/1", events: "/ticket/1/events" } }),
  querySelectorAll: () => [],
  getElementById: (name) => name === "live" ? live : { hidden: true },
  addEventListener: (name, act) => { told[name] = act; },
};
globalThis.EventSource = class {
  static CLOSED = 2;
  constructor(address) { this.address = String(address); open.push(this); }
  addEventListener() {}
  close() { open.splice(open.indexOf(this), 1); }
};
globalThis.setTimeout = (act) => { later.push(act); };
globalThis.later = [];
globalThis.look = (hidden) => { document.hidden = hidden; told.visibilitychange(); return open.length; };
const { live: start } = await import("./live.js");
start(() => {});
const counts = [open.length, look(true), look(true), look(false), look(false)];
let again = "";
if (open.length) {
  live.dataset.mark = "9";
  const failed = open[0];
  failed.readyState = 2;
  failed.onerror();
  look(true);
  for (const act of later) await act();
  counts.push(open.length);
  again = look(false) && open[0].address;
}
console.log(JSON.stringify({ counts, again }));
"""


@pytest.mark.parametrize(
    ("data", "hidden", "counts"),
    [
        ({"mark": "7"}, False, [1, 0, 0, 1, 1, 0]),  # a ticket
        ({"mark": "7"}, True, [0, 0, 0, 1, 1, 0]),  # one that was opened in the background
        ({"mark": "7", "critical": "3"}, False, [1, 1, 1, 1, 1]),  # the queue rings though nobody sees it
    ],
    ids=["ticket", "in the background", "queue"],
)
def test_a_page_that_nobody_sees_lets_its_stream_go(
    tmp_path: Path, data: dict[str, str], hidden: bool, counts: list[int]
) -> None:
    for name in ("live.js", "countdown.js"):
        shutil.copy(STATIC / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    script = PAGE.replace("DATA", json.dumps(data)).replace("HIDDEN", json.dumps(hidden))
    (tmp_path / "page.js").write_text(script, "utf-8")
    done = subprocess.run(["node", "page.js"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["counts"][: len(counts)] == counts
    assert found["again"] == "http://desk/ticket/1/events?mark=7"
