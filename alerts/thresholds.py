"""Thresholds of the alerts: declared once in thresholds.toml, read by boards, and turned into rules for Prometheus.

An alert compares with the series `site:ott_threshold:effective{threshold=…, site=…}`, so that a site's own rules file
can lay `site:ott_threshold:override` over a default without anyone editing ours. `python -m alerts.thresholds` writes
rules/thresholds.yml from the declaration.
"""

import sys
import textwrap
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

HEADER = """\
# Made from alerts/thresholds.toml by `python -m alerts.thresholds`; change it there.
#
# One series a threshold and site, and one without a site for what concerns the whole platform. A site's own rules file
# overrides a default by recording site:ott_threshold:override with the labels threshold and site.
groups:
  - name: ottwatch:thresholds
    interval: 15s
    rules:
      - record: site:up:present
        expr: group by (site) (up)
"""
RULE = """
{reason}
      - record: site:ott_threshold:effective
        labels: {{threshold: {name}}}
        expr: |
          max by (site) (site:ott_threshold:override{{threshold="{name}"}})
          or site:up:present * {value}
          or vector({value})
"""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold: its default value, its unit (a base unit, `ratio`, or a rate of them) and why it is that."""

    name: str
    value: float
    unit: str
    reason: str


def load() -> dict[str, Threshold]:
    """Return the thresholds by name, in the order of their declaration."""
    text = resources.files("alerts").joinpath("thresholds.toml").read_text("utf-8")
    return {name: Threshold(name, **entry) for name, entry in tomllib.loads(text).items()}


def rules(thresholds: dict[str, Threshold]) -> str:
    """Return the rules file that records every threshold for every site."""
    return HEADER + "".join(
        RULE.format(
            name=threshold.name,
            value=format(threshold.value, "g") if threshold.value < 1e6 else repr(threshold.value),
            reason=textwrap.fill(
                threshold.reason.strip(), 118, initial_indent="      # ", subsequent_indent="      # "
            ),
        )
        for threshold in thresholds.values()
    )


def main() -> int:
    """Write rules/thresholds.yml beside this module."""
    target = Path(__file__).with_name("rules") / "thresholds.yml"
    target.write_text(rules(load()), "utf-8")
    print(target, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
