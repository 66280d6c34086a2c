"""What the engineer reads: every alert's texts as Prometheus renders them and as the desk shows them, on one page."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from alerts.desk.core.annotations import by_language, unreadable_figures
from alerts.desk.core.settings import Settings
from tests.rules.promtool import groups_of
from tests.rules.reading import TESTS, alerts, run

ZONE = Settings().zone
PAGE = TESTS / "texts.golden.txt"
TEXTS = ("summary", "description", "summary_ru", "description_ru")
# Their value is no figure: 0 or 1, or whatever an operator has set.
NOT_FIGURES = {"Watchdog", "DeskUnavailable", "NodeFilesystemReadOnly", "ThresholdOverrideUnknown"}
# What may follow a number in English: a unit or a word that is the same for one and for many.
AFTER_A_NUMBER = {"a second", "LUFS", "and", "to", "up"}
ORDER = ("summary", "description", "summary_ru", "description_ru", "value", "unit", "runbook_url")


def test_texts_are_rendered_as_reviewed(tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    names = [alert.name for alert in alerts()]
    asked = _first_firings(names)
    with ThreadPoolExecutor(2) as pool:
        rendered = {
            name: text
            for found in pool.map(lambda item: _rendered(tmp_path, *item), asked.items())
            for name, text in found.items()
        }
    assert set(rendered) == set(names)
    page = "\n".join(f"# {name}\n{rendered[name]}" for name in sorted(names))
    assert "<error" not in page
    assert "%!" not in page
    golden(PAGE, page)


def test_tickets_give_figures_in_their_language() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    shown = {language: [line for line in lines if line.startswith(f"ticket {language}: ")] for language in ("en", "ru")}
    assert len(shown["en"]) == len(shown["ru"]) == 2 * len(alerts())
    assert any("4 мин 20 с" in line for line in shown["ru"])
    assert any("4 min 20 s" in line for line in shown["en"])
    assert [line for line in lines if "ticket" in line.partition(":")[0] and re.search("[‹›]", line)] == []
    assert [line for found in shown.values() for line in found if re.search(r"\d%", line)] == []
    assert [line for line in shown["ru"] if re.search(r"\d ?(?:[dhms]|ms|min)\b", line)] == []


def test_figures_are_marked_and_printed_by_one_function() -> None:
    """Chains of replacements, divisions by a query and bare figures do not come back: the desk writes figures."""
    printed = r'humanizeDuration|humanizePercentage|humanizeTimestamp|printf "%\.[01]f"'
    for alert in alerts():
        for key in TEXTS:
            text = alert.annotations[key]
            assert "reReplaceAll" not in text, (alert.name, key)
            for figure in re.finditer(r"(.?){{ ((?:\$value|\. \| value)(?: \|[^}]*)?|printf [^}]*) }}(.?)", text):
                opens, template, closes = figure.groups()
                if alert.name in NOT_FIGURES:
                    continue
                assert (opens, closes) == ("‹", "›"), (alert.name, key, figure[0])
                assert re.fullmatch(rf"(?:\$value|\. \| value) \| (?:{printed})", template), (alert.name, key, template)
            assert re.findall(r"query \(printf \"[^a-z]*round\(", text) == [], (alert.name, key)


def test_no_noun_follows_a_number_in_english() -> None:
    """ "1 fees" is no English, and a template cannot know the noun's form: it stands before the number."""
    number, after = r'printf "%\.[01]f" }}›(?:{{ end }})?', "|".join(sorted(AFTER_A_NUMBER))
    for alert in alerts():
        for key in ("summary", "description"):
            text = " ".join(alert.annotations[key].split())
            for found in re.finditer(rf"{number} ?(?!(?:{after})\b)(\w.{{,30}})", text):
                raise AssertionError(f"{alert.name}: {key}: words follow a number: {found[1]!r}; write “fees: ‹1›”")


def test_texts_read_well_where_a_label_is_missing() -> None:
    """A label is written only through `with`, which leaves out what belongs to it, or through `or`, which names it."""
    for alert in alerts():
        for key in TEXTS:
            for template in re.findall(r"{{(.*?)}}", alert.annotations[key]):
                if "$labels." in template:
                    assert re.search(r"^ (with|range query|or .*\"\((no name|без имени)\)\"|if) ?", template), (
                        alert.name,
                        template,
                    )


def _plain(file: Path) -> dict[str, Any]:
    """Return a rule test with every scalar as it is written: `0x40` are 41 samples and not the number 64."""
    loaded: dict[str, Any] = yaml.load(file.read_text("utf-8"), yaml.CBaseLoader)
    return loaded


def _first_firings(names: list[str]) -> dict[Path, list[tuple[dict[str, Any], list[tuple[str, str]]]]]:
    """Return, by test file, each test with (alert, moment) for the first moment an alert is expected to fire."""
    result: dict[Path, list[tuple[dict[str, Any], list[tuple[str, str]]]]] = {}
    left = set(names)
    for file in sorted(TESTS.glob("*.test.yml"), key=lambda file: (file.name == "edge_week.test.yml", file.name)):
        for test in _plain(file)["tests"]:
            found: list[tuple[str, str]] = []
            for check in test.get("promql_expr_test", []):
                for name in sorted(name for name in left if "firing" in str(check)):
                    if re.search(rf"\b{name}\b", str(check)) and re.search(rf"\b{name}\b", test["name"]):
                        found.append((name, str(check["eval_time"])))
                        left.discard(name)
            if found:
                result.setdefault(file, []).append((test, found))
    return result


def _rendered(folder: Path, file: Path, asked: list[tuple[dict[str, Any], list[tuple[str, str]]]]) -> dict[str, str]:
    """Return each alert's rendered texts: promtool prints them where no alert at all is expected."""
    whole = _plain(file)
    whole["rule_files"] = [str(groups_of(file, folder))]
    whole["tests"] = [
        {
            **{key: value for key, value in test.items() if key != "promql_expr_test"},
            "external_url": "http://prometheus",
            "alert_rule_test": [{"eval_time": moment, "alertname": name, "exp_alerts": []} for name, moment in firings],
        }
        for test, firings in asked
    ]
    copy = folder / file.name
    copy.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    done = run("promtool", "test", "rules", copy)
    printed = done.stdout + done.stderr
    texts = {}
    for name, annotations in re.findall(r"alertname: (\w+), time.*?Annotations:\{(.*?)\}\n", printed, re.DOTALL):
        values = {key: json.loads(value) for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', annotations)}
        assert unreadable_figures(values) == []
        shown = {part: by_language(values, part, "", ZONE) for part in ("summary", "description")}
        texts[name] = "".join(f"{key}: {values[key]}\n" for key in ORDER)
        texts[name] += "".join(
            f"ticket {language}: {told[language]}\n" for language in ("en", "ru") for told in shown.values()
        )
    return texts
