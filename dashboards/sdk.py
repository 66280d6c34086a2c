"""The parts of grafana-foundation-sdk that describe classic dashboards.

The SDK warns at import that its second dashboard format is preferred. Grafana 11 reads the classic one alone and
12 and 13 read it too, so the warning is silenced in this one place.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import bargauge, common, heatmap, prometheus, stat, statetimeline, table, timeseries

__all__ = [
    "JSONEncoder",
    "bargauge",
    "common",
    "dashboard",
    "heatmap",
    "prometheus",
    "stat",
    "statetimeline",
    "table",
    "timeseries",
]
