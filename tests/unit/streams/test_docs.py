"""docs/streams.md and docs/certificates.md name every reason, key and metric."""

import re
from dataclasses import fields

from agent.catalogue import METRICS
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.streams.reasons import Reason
from agent.sources.streams.settings import StreamBudget, StreamSettings
from tests.conftest import ROOT

STREAMS = (ROOT / "docs/streams.md").read_text("utf-8")
CERTIFICATES = (ROOT / "docs/certificates.md").read_text("utf-8")


def test_every_reason_is_explained_and_no_other() -> None:
    table = STREAMS.partition("## Reasons")[2].partition("Each is counted")[0]
    assert re.findall(r"^\| \**`(\w+)`", table, re.MULTILINE) == [reason.value for reason in Reason]


def test_every_key_is_shown() -> None:
    for page, kind in ((STREAMS, StreamSettings), (STREAMS, StreamBudget), (CERTIFICATES, CertificateSettings)):
        for field in fields(kind):
            assert re.search(rf"^(# )?{field.name} = ", page, re.MULTILINE), field.name


def test_every_metric_is_explained() -> None:
    for page, prefix in ((STREAMS, "ott_stream_"), (CERTIFICATES, "ott_certificate_")):
        ours = {one.name for one in METRICS if one.name.startswith(prefix)}
        assert ours == set(re.findall(rf"`({prefix}\w+)`", page))
