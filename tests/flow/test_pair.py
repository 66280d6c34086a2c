"""A pair of control centres whose processes are killed; `bench/pair_chaos.py` is the same at full size."""

import shutil

import pytest

from bench.pair_chaos import campaign
from deploy.pair.loopback import missing, short_folder

BLOW = ("desk", "victoria-metrics", "prometheus-alertmanager", "postgresql")


@pytest.mark.timeout(900)  # a hundred seconds on an idle machine
def test_one_of_each_is_killed_at_once_and_nothing_is_lost_or_doubled() -> None:
    if lacking := missing():
        pytest.skip(f"a pair needs {', '.join(lacking)} (apt-get install patroni etcd-server)")
    folder = short_folder()
    try:
        result = campaign(folder, [BLOW], engine="victoriametrics", seed=7)
    finally:
        shutil.rmtree(folder)
    assert result["wrong"] == []
    assert result["blows"] == {"+".join(BLOW): 1}
    assert result["writes"]["acknowledged"] > 0
    assert result["answers_of_nodes"]["given"] > 0
