// Answers of a Prometheus as data frames, in the shape that Grafana's Prometheus data source gives to panels.
import { FieldType, toDataFrame } from '@grafana/data';

const NUMBERS = { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity };

/** Return the frames of all targets of a panel. */
export function framesOf(panel, answers) {
  const mine = answers.filter((answer) => answer.panel === panel.id);
  const targets = new Map(panel.targets.map((target) => [target.refId, target]));
  const series = mine.flatMap((answer) => seriesOf(targets.get(answer.ref), answer));
  const table = panel.targets.some((target) => target.format === 'table');
  return (table ? tables(series) : series).map(toDataFrame);
}

/** Return the name that a legend gives to a series. */
export function legendOf(target, labels) {
  const format = target.legendFormat;
  if (!format || format === '__auto') {
    return Object.keys(labels).length ? '' : target.expr;
  }
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
}

function seriesOf(target, answer) {
  if (!answer.series.length) {
    return [{ refId: answer.ref, fields: [] }]; // an empty answer still is an answer to its query
  }
  return answer.series.map(({ metric, values, value }) => {
    const points = values ?? [value];
    const name = legendOf(target, metric);
    return {
      refId: answer.ref,
      name: name || undefined,
      meta: { type: 'timeseries-multi' },
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: answer.step * 1000 }, values: points.map(([at]) => at * 1000) },
        {
          name: metric.__name__ ?? 'Value',
          type: FieldType.number,
          labels: metric,
          config: name ? { displayNameFromDS: name } : {},
          values: points.map(([, text]) => NUMBERS[text] ?? Number(text)),
        },
      ],
    };
  });
}

// One frame for each query: time, one column for each label, and the value.
function tables(series) {
  if (!series.length || (series.length === 1 && !series[0].fields.length)) {
    return series;
  }
  const byRef = Map.groupBy(series, (frame) => frame.refId);
  return [...byRef].map(([refId, frames]) => {
    const full = frames.filter((frame) => frame.fields.length);
    const labels = [...new Set(full.flatMap((frame) => Object.keys(frame.fields[1].labels).sort()))];
    const rows = full.flatMap((frame) =>
      frame.fields[0].values.map((at, row) => ({ at, labels: frame.fields[1].labels, value: frame.fields[1].values[row] }))
    );
    return {
      refId,
      meta: { preferredVisualisationType: 'rawPrometheus' },
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => row.at) },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          config: { filterable: true },
          values: rows.map((row) => row.labels[label] ?? ''),
        })),
        {
          name: byRef.size > 1 ? `Value #${refId}` : 'Value',
          type: FieldType.number,
          config: {},
          values: rows.map((row) => row.value),
        },
      ],
    };
  });
}
