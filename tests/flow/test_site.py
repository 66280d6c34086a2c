"""A site that is cut off from its control centre, then without power; `bench/site_cut.py` is the same for longer."""

import shutil

import pytest

from bench.namespaces import possible
from bench.site_cut import campaign
from deploy.pair.loopback import short_folder
from deploy.site.loopback import missing

MAIL_SECONDS = 100  # no delivery for a minute, and the rules' and Alertmanager's own intervals


@pytest.mark.timeout(900)  # four minutes on an idle machine
def test_a_site_that_is_cut_off_loses_nothing_and_is_not_taken_for_one_that_is_down() -> None:
    if lacking := missing():
        pytest.skip(f"a site and its centre need {', '.join(lacking)}")
    if not possible():
        pytest.skip("network namespaces need root, iproute2 and util-linux")
    folder = short_folder()
    try:
        result = campaign(folder, MAIL_SECONDS)
    finally:
        shutil.rmtree(folder)
    assert result["wrong"] == []
    assert all(count > 0 for count in result["cut"]["samples_missing_at_the_centre_before_joining"].values())
    assert result["lacking_at_the_end"] == {"a": 0, "b": 0}
