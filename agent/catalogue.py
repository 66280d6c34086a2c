"""Every metric of the agent that ottwatch defines itself. Host metrics carry node_exporter's names: `host/catalogue`.

A name is typed once, in the folder of what emits it; Python uses the constants, rules and dashboards use the names, and
tests hold both together.
"""

from agent.runtime.metrics import ALL
from agent.sources import SOURCES

METRICS = (*(metric for kind in SOURCES for metric in kind.metrics), *ALL)
