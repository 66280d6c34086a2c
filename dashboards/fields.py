"""What several kinds of panels say of a field: its colours, the words for its values, the settings of one field."""

from dashboards import model
from dashboards.context import Context
from dashboards.sdk import dashboard

_JUST_BELOW = 0.001  # Grafana's ranges hold their ends


def thresholds(steps: model.Steps | None, context: Context) -> dashboard.ThresholdsConfig:
    """Return the colours of a scale; without one, every value keeps the text colour."""
    if steps is None:
        return dashboard.ThresholdsConfig(dashboard.ThresholdsMode.ABSOLUTE, [dashboard.Threshold(None, "text")])
    shown = [dashboard.Threshold(None, model.COLOURS[steps.base])]
    shown += [dashboard.Threshold(context.limit(value), model.COLOURS[state]) for value, state in steps.at]
    return dashboard.ThresholdsConfig(dashboard.ThresholdsMode.ABSOLUTE, shown)


def mappings(meanings: tuple[model.Meaning, ...], context: Context) -> list[dashboard.ValueMapping]:
    """Return the words and colours that stand for bare numbers."""
    results = [
        dashboard.ValueMappingResult(
            context.words(meaning.text), model.COLOURS[meaning.state] if meaning.state else None, index=position
        )
        for position, meaning in enumerate(meanings)
    ]
    pairs = list(zip(meanings, results, strict=True))
    single = {str(each.value): result for each, result in pairs if not each.below and not each.pattern}
    patterns = [
        dashboard.RegexMap(dashboard.DashboardRegexMapOptions(str(each.value), result))
        for each, result in pairs
        if each.pattern
    ]
    ranges = [
        dashboard.RangeMap(dashboard.DashboardRangeMapOptions(None, float(meaning.value) - _JUST_BELOW, result))
        for meaning, result in pairs
        if meaning.below
    ]
    return [*([dashboard.ValueMap(single)] if single else []), *ranges, *patterns]


def override(matcher: str, name: str, values: dict[str, object]) -> dashboard.DashboardFieldConfigSourceOverrides:
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(matcher, name),
        properties=[dashboard.DynamicConfigValue(key, value) for key, value in values.items()],
    )
