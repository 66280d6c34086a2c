"""Prometheus and Alertmanager with the shipped settings: a site alarms once, its nodes when it is back without them."""

from pathlib import Path

from tests.rules.stack import Agent, running


def test_a_site_alarms_once_and_a_missed_scrape_not_at_all(tmp_path: Path) -> None:
    site = [Agent(f"edge-{number}", "almaty") for number in (1, 2, 3)]
    other = [Agent("edge-9", "astana"), Agent("edge-10", "astana")]
    with running(tmp_path, [*site, *other]) as stack:
        desk = stack.desk
        stack.wait(stack.connected, 30, "Prometheus does not scrape every agent or knows no Alertmanager")
        for agent in site:
            agent.refuse()
        other[0].fail(1)
        # Bound: docs/alerts.md; the rest is for a busy machine.
        stack.wait(lambda: len(desk.about("SiteDown", "firing", site="almaty")) > 0, 25, "the site is not noticed")
        assert desk.about("NodeDown", "firing") == []

        # One node returns: the site is up again, and the two others now stand for themselves.
        site[0].repair()
        stack.wait(lambda: len(desk.about("SiteDown", "resolved", site="almaty")) > 0, 25, "the site does not recover")
        stack.wait(
            lambda: {entry.labels["node"] for entry in desk.about("NodeDown", "firing")} == {"edge-2", "edge-3"},
            25,
            "the nodes that stayed away are not noticed",
        )
        site[1].repair()
        stack.wait(lambda: len(desk.about("NodeDown", "resolved", node="edge-2")) > 0, 25, "edge-2 does not recover")
        assert desk.about("NodeDown", "firing", site="astana") == []
        assert desk.about("NodeDown", "resolved", node="edge-3") == []
