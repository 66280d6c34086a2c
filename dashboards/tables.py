"""Tables: the columns in their order, each with its words, unit and links."""

from dataclasses import replace

from dashboards import model
from dashboards.context import Context
from dashboards.fields import mappings, override, thresholds
from dashboards.links import data_link
from dashboards.sdk import common, dashboard, table
from dashboards.units import grafanas

_LETTERS = "ABCDEFGHIJ"
_LEAST_WIDTH = 50  # of a column, in pixels; Grafana's own 150 hides the last columns on a small screen


def options(panel: model.Grid, context: Context) -> table.Options:
    if panel.matrix:
        return table.Options(show_header=True, cell_height=common.TableCellHeight.SM)
    sort = [common.TableSortByFieldState(context.words(panel.sort), panel.descending)] if panel.sort else []
    return table.Options(show_header=True, cell_height=common.TableCellHeight.SM, sort_by=sort)


def cell(panel: model.Grid) -> table.FieldConfig:
    if panel.matrix:
        return table.FieldConfig(
            min_width=_LEAST_WIDTH,
            align=common.FieldTextAlignment.CENTER,
            cell_options=common.TableColoredBackgroundCellOptions(common.TableCellBackgroundDisplayMode.BASIC),
        )
    return table.FieldConfig(
        min_width=_LEAST_WIDTH, align=common.FieldTextAlignment.AUTO, cell_options=common.TableAutoCellOptions()
    )


def transformations(panel: model.Panel, context: Context) -> list[dashboard.DataTransformerConfig]:
    if not isinstance(panel, model.Grid):
        return []
    if panel.matrix:
        row, column = panel.matrix
        options = {"rowField": row, "columnField": column, "valueField": "Value"}
        by = {"fields": {}, "sort": [{"field": panel.sort, "desc": False}]}
        return [
            dashboard.DataTransformerConfig("sortBy", options=by),
            dashboard.DataTransformerConfig("groupingToMatrix", options=options),
        ]
    names = [_field_name(panel, column, context) for column in panel.columns]
    keep = dashboard.DataTransformerConfig("filterFieldsByName", options={"include": {"names": names}})
    order = {"excludeByName": {}, "indexByName": {name: n for n, name in enumerate(names)}, "renameByName": {}}
    merge = [dashboard.DataTransformerConfig("merge", options={})] if len(panel.queries) > 1 else []
    return [*merge, keep, dashboard.DataTransformerConfig("organize", options=order)]


def _field_name(panel: model.Grid, column: model.Column, context: Context) -> str:
    """Return Grafana's name of a column: the label, or `Value` with the query's letter where there are several."""
    if column.name == model.LANGUAGE:
        return context.words.language
    if column.name not in _LETTERS:
        return column.name
    return f"Value #{column.name}" if len(panel.queries) > 1 else "Value"


def columns(panel: model.Grid, context: Context) -> list[dashboard.DashboardFieldConfigSourceOverrides]:
    if panel.matrix:
        corner = "\\".join(panel.matrix)
        named = [(corner, panel.columns[0]), *((column.name, column) for column in panel.columns[1:])]
    else:
        named = [(_field_name(panel, column, context), _as_text(column)) for column in panel.columns]
    return [override("byName", name, _column(column, context)) for name, column in named]


def _as_text(column: model.Column) -> model.Column:
    """Return a label's column as text: Grafana prints a label such as "05" as the number 5, and a blank as 0."""
    return column if column.name in _LETTERS or column.unit else replace(column, unit="string")


def _column(column: model.Column, context: Context) -> dict[str, object]:
    # A cell without a value would say what the panel says without any: that no ticket is open, say.
    result: dict[str, object] = {"displayName": context.words(column.header), "noValue": "–"}
    if column.unit:
        result["unit"] = grafanas(column.unit, context.words)
    if column.decimals is not None:
        result["decimals"] = column.decimals
    if column.width:
        result["custom.width"] = column.width
    if column.steps is not None or column.meanings:
        result["thresholds"] = thresholds(column.steps, context)
        result["color"] = {"mode": "thresholds"}
        result["custom.cellOptions"] = {"type": "color-text"}
    if column.meanings:
        result["mappings"] = mappings(column.meanings, context)
    if column.links:
        result["links"] = [data_link(link, context, "__data.fields") for link in column.links]
    return result
