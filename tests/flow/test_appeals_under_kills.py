"""Mail and free months of appeals while desks are killed, at a size that every run can afford.

`bench/appeal_mail.py` and `bench/appeal_kills.py` are the same at full size.
"""

from argparse import Namespace
from pathlib import Path

from bench import appeal_kills, appeal_mail


def test_mail_of_every_kind_is_stored_once_with_its_appeal(tmp_path: Path) -> None:
    mail = appeal_mail.measured(tmp_path, Namespace(messages=48, kills=1, bounces=0, seed=2))["mail"]
    assert (mail["kinds"], mail["lost"], mail["wrong"]) == (12, [], [])
    assert (mail["new_appeals"], mail["automatic_mails"]) == (0, 0)
    assert (mail["stored"], mail["kept_in_mailbox"], mail["bounces"]) == (44, 48, 4)
    assert mail["unmatched"] == mail["unmatched_for_a_person"] <= 1


def test_a_desk_killed_at_the_moment_of_lateness_loses_and_doubles_no_free_month(tmp_path: Path) -> None:
    result = appeal_kills.desks_on(tmp_path, None, Namespace(kills=2, appeals=8, seed=2))
    assert result["fine"], result
