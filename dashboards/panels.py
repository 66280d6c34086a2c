"""Grafana's JSON of one panel, through the SDK's typed models."""

import json
from typing import Any

from dashboards import model, tables
from dashboards.context import Context
from dashboards.fields import mappings, override, thresholds
from dashboards.links import data_link
from dashboards.sdk import (
    JSONEncoder,
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from dashboards.units import grafanas

SOURCE = common.DataSourceRef("prometheus", "${ds}")
_LETTERS = "ABCDEFGHIJ"


def render(panel: model.Panel, number: int, at: tuple[int, int], context: Context) -> dict[str, Any]:
    """Return a panel with the id `number` at the grid position `at`."""
    kind, options, custom, fields = _kind(panel, context)
    scales = [
        override(
            "byFrameRefID", letter, {"thresholds": thresholds(query.steps, context), "color": {"mode": "thresholds"}}
        )
        for letter, query in zip(_LETTERS, panel.queries, strict=False)
        if query.steps
    ]
    built = dashboard.Panel(
        type_val=kind,
        id_val=number,
        title=context.words(panel.title),
        description=context.words(panel.question),
        datasource=SOURCE,
        grid_pos=dashboard.GridPos(h=panel.height, w=panel.width, x=at[0], y=at[1]),
        targets=[
            _target(panel, query, letter, context) for letter, query in zip(_LETTERS, panel.queries, strict=False)
        ],
        options=options,
        field_config=dashboard.FieldConfigSource(_defaults(panel, custom, context), [*fields, *scales]),
        transformations=tables.transformations(panel, context) or None,
        time_from=panel.back or None,
        hide_time_override=False if panel.back else None,
    )
    result: dict[str, Any] = json.loads(json.dumps(built, cls=JSONEncoder))
    result["options"].pop("footer", None)  # the SDK always writes it; Grafana 12 and 13 no longer know it
    if panel.links:
        links = [data_link(link, context, "__field.labels") for link in panel.links]
        result["fieldConfig"]["defaults"]["links"] = links
    return result


def over_time(panel: model.Panel) -> bool:
    """Return whether the panel asks for a range rather than for this moment."""
    return isinstance(panel, model.Course | model.History | model.HeatMap) or (
        isinstance(panel, model.Figure) and panel.course
    )


def _target(panel: model.Panel, query: model.Query, letter: str, context: Context) -> prometheus.Dataquery:
    over = over_time(panel)
    grid = isinstance(panel, model.Grid)
    return prometheus.Dataquery(
        ref_id=letter,
        datasource=SOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=query.expr,
        legend_format=_legend(query.legend, context) or "__auto",
        format_val=prometheus.PromQueryFormat.TABLE if grid else prometheus.PromQueryFormat.TIME_SERIES,
        instant=not over,
        range_val=over,
        interval=query.step or None,
    )


def _legend(legend: str, context: Context) -> str:
    return context.words(legend).replace(f"{{{{{model.LANGUAGE}}}}}", f"{{{{{context.words.language}}}}}")


def _defaults(panel: model.Panel, custom: object, context: Context) -> dashboard.FieldConfig:
    coloured = panel.steps is not None or bool(panel.meanings)
    mode = dashboard.FieldColorModeId.THRESHOLDS
    fixed = None
    if isinstance(panel, model.Course):
        mode = dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME
    elif isinstance(panel, model.Grid) and panel.matrix:
        mode = dashboard.FieldColorModeId.CONTINUOUS_BLUES
    elif isinstance(panel, model.Ranking) and not coloured:
        mode, fixed = dashboard.FieldColorModeId.FIXED, "blue"
    elif isinstance(panel, model.Figure) and not coloured:
        mode, fixed = dashboard.FieldColorModeId.FIXED, "text"
    return dashboard.FieldConfig(
        unit=grafanas(panel.unit, context.words),
        decimals=0 if _counts(panel) else panel.decimals,
        min_val=panel.minimum,
        max_val=panel.maximum,
        mappings=mappings(panel.meanings, context),
        thresholds=thresholds(panel.steps, context),
        color=dashboard.FieldColor(mode, fixed),
        no_value=context.words(panel.empty or "no data"),
        custom=custom,
    )


def _counts(panel: model.Panel) -> bool:
    """Return whether the panel draws whole numbers over time, whose axis has no halves."""
    return isinstance(panel, model.Course) and panel.unit == "none" and not panel.decimals


_Kind = tuple[str, object, object, list[dashboard.DashboardFieldConfigSourceOverrides]]


def _kind(panel: model.Panel, context: Context) -> _Kind:
    """Return the plug-in's name, its options, its field settings and the overrides of single fields."""
    match panel:
        case model.Figure():
            return "stat", _figure(panel), None, []
        case model.Course():
            return "timeseries", _lines(panel), _line(panel, context), _single_lines(panel, context)
        case model.Ranking():
            return "bargauge", _bars(panel), None, _endings(panel, context)
        case model.Grid():
            return "table", tables.options(panel, context), tables.cell(panel), tables.columns(panel, context)
        case model.History():
            return "state-timeline", _lanes(), statetimeline.FieldConfig(fill_opacity=80), []
        case model.HeatMap():
            return "heatmap", _heat(panel), heatmap.FieldConfig(), []
        case _:
            raise TypeError(f"no such kind of panel: {type(panel).__name__}")


def _figure(panel: model.Figure) -> stat.Options:
    text = common.BigValueTextMode.VALUE
    if panel.named:
        text = common.BigValueTextMode.VALUE_AND_NAME
    return stat.Options(
        graph_mode=common.BigValueGraphMode.AREA if panel.course else common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.BACKGROUND_SOLID if panel.fill else common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.CENTER,
        text_mode=text,
        reduce_options=common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
        orientation=common.VizOrientation.AUTO,
    )


def _lines(panel: model.Course) -> timeseries.Options:
    shown = len(panel.queries) > 1 or "{{" in panel.queries[0].legend
    return timeseries.Options(
        legend=common.VizLegendOptions(
            display_mode=common.LegendDisplayMode.TABLE if panel.legend_values else common.LegendDisplayMode.LIST,
            placement=common.LegendPlacement.BOTTOM,
            show_legend=shown,
            calcs=["lastNotNull", "max"] if panel.legend_values else [],
        ),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING),
    )


def _line(panel: model.Course, context: Context) -> timeseries.FieldConfig:
    # With the limits in view, "nothing" is a line at the foot and not one on a scale up to 10,000 %.
    steps = panel.steps.at if panel.steps and panel.limits else ()
    # And of counts that are all 0 not up to 100.
    highest = max((context.limit(value) for value, _ in steps), default=1 if _counts(panel) else None)
    limits = common.GraphThresholdsStyleMode.DASHED if panel.limits else common.GraphThresholdsStyleMode.OFF
    return timeseries.FieldConfig(
        draw_style=common.GraphDrawStyle.BARS if panel.bars else common.GraphDrawStyle.LINE,
        line_width=1,
        fill_opacity=60 if panel.bars else 25 if panel.stacked else 8,
        show_points=common.VisibilityMode.AUTO,
        # A gap in the data stays a gap: a line drawn across it would be a guess.
        span_nulls=False,
        stacking=common.StackingConfig(
            common.StackingMode.NORMAL if panel.stacked else common.StackingMode.NONE, group="A"
        ),
        thresholds_style=common.GraphThresholdsStyleConfig(limits),
        axis_soft_min=0,
        axis_soft_max=highest,
    )


def _single_lines(panel: model.Course, context: Context) -> list[dashboard.DashboardFieldConfigSourceOverrides]:
    named = [override("byName", name, {"displayName": context.words(text)}) for name, text in panel.names]
    line: dict[str, object] = {
        "custom.drawStyle": "line",
        "custom.lineWidth": 2,
        "custom.fillOpacity": 0,
        "custom.showPoints": "never",
    }
    return named + [override("byName", context.words(text), line) for text in panel.lines]


def _endings(panel: model.Ranking, context: Context) -> list[dashboard.DashboardFieldConfigSourceOverrides]:
    """Return the words for a series' name, or for the last part of it; what stands before it stays."""
    first, parted, _ = panel.queries[0].legend.partition(" · ")
    words = {name: context.words(text) for name, text in panel.names}
    if not parted:
        return [override("byName", name, {"displayName": text}) for name, text in words.items()]
    label = f"${{__field.labels.{first.strip('{}')}}}"
    renamed = {f"/ · {ending}$/": f"{label} · {text}" for ending, text in words.items()}
    for before, instead in panel.firsts:
        said = context.words(instead)
        renamed |= {f"/^{before} · {ending}$/": f"{said} · {text}" for ending, text in words.items()}
    return [override("byRegexp", pattern, {"displayName": text}) for pattern, text in renamed.items()]


def _bars(panel: model.Ranking) -> bargauge.Options:
    return bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        value_mode=common.BarGaugeValueMode.TEXT,
        name_placement=common.BarGaugeNamePlacement.TOP if panel.above else common.BarGaugeNamePlacement.LEFT,
        # Of one size on every dashboard: a bar by itself would otherwise fill the panel, and its name would not fit.
        sizing=common.BarGaugeSizing.MANUAL,
        min_viz_height=16,
        max_viz_height=36,
        reduce_options=common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
        orientation=common.VizOrientation.HORIZONTAL,
    )


def _lanes() -> statetimeline.Options:
    return statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        legend=common.VizLegendOptions(
            common.LegendDisplayMode.LIST, common.LegendPlacement.BOTTOM, show_legend=True, calcs=[]
        ),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE, sort=common.SortOrder.NONE),
    )


def _heat(panel: model.HeatMap) -> heatmap.Options:
    return heatmap.Options(
        calculate=False,
        color=heatmap.HeatmapColorOptions(
            mode=heatmap.HeatmapColorMode.SCHEME, scheme="Blues", fill="blue", exponent=0.5, steps=64
        ),
        filter_values=heatmap.FilterValueRange(le=1e-9),
        rows_frame=heatmap.RowsHeatmapOptions(layout=common.HeatmapCellLayout.AUTO),
        show_value=common.VisibilityMode.NEVER,
        cell_values=heatmap.CellValues(unit=panel.unit, decimals=0),
        y_axis=heatmap.YAxisConfig(unit="none", decimals=0, axis_placement=common.AxisPlacement.LEFT),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(common.TooltipDisplayMode.SINGLE, show_color_scale=True),
        exemplars=heatmap.ExemplarConfig(color="red"),
    )
