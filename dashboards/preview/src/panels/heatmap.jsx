// Rows by series, columns by time, the value as a colour. Built of the plot and its axes, as Grafana's heatmap is; its
// own component is part of the server's code.
import { getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, VizLayout, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

const LEGEND = 24; // pixels
// The ends of the scheme "Blues", from the ground of the theme to the strongest.
const SCHEME = { dark: [[8, 48, 107], [198, 219, 239]], light: [[222, 235, 247], [8, 48, 107]] };

export function Heat({ panel, frames, width, height, board, range }) {
  const theme = useTheme2();
  const rows = useMemo(() => rowsOf(frames, panel.options.filterValues?.le ?? -Infinity), [frames, panel]);
  const builder = useMemo(() => plotOf(rows, theme, board, range, panel), [rows, theme, board, range, panel]);
  const data = [[range.from.valueOf(), range.to.valueOf()], [0, rows.length]];
  const legend = panel.options.legend?.show ? LEGEND : 0;
  return (
    <VizLayout width={width} height={height}>
      {(wide, high) => (
        <div>
          <UPlotChart config={builder} data={data} width={wide} height={high - legend} />
          {legend > 0 && <Scale rows={rows} theme={theme} field={frames[0].fields[1]} />}
        </div>
      )}
    </VizLayout>
  );
}

function Scale({ rows, theme, field }) {
  const values = rows.flatMap(({ cells }) => cells.map(({ value }) => value));
  const say = (value) => {
    const { text, suffix = '' } = field.display(value);
    return text + suffix;
  };
  const [low, high] = SCHEME[theme.isDark ? 'dark' : 'light'].map((colour) => `rgb(${colour})`);
  return (
    <div style={{ display: 'flex', gap: 8, alignItems: 'center', justifyContent: 'center', height: LEGEND, fontSize: 12 }}>
      <span>{say(Math.min(...values))}</span>
      <span style={{ width: 160, height: 8, background: `linear-gradient(to right, ${low}, ${high})` }} />
      <span>{say(Math.max(...values))}</span>
    </div>
  );
}

function rowsOf(frames, least) {
  return frames
    .filter((frame) => frame.fields.length > 1)
    .map((frame) => {
      const [time, field] = frame.fields;
      const cells = [...field.values].map((value, row) => ({ value, from: time.values[row] })).filter(({ value }) => value > least);
      return { name: getFieldDisplayName(field, frame, frames), interval: time.config.interval, cells };
    });
}

function plotOf(rows, theme, board, range, panel) {
  const builder = new UPlotConfigBuilder(board.timezone);
  const [x, y] = [ScaleOrientation.Horizontal, ScaleOrientation.Vertical];
  const limits = [range.from.valueOf(), range.to.valueOf()];
  builder.addScale({ scaleKey: 'x', isTime: true, orientation: x, direction: ScaleDirection.Right, range: limits });
  builder.addScale({ scaleKey: 'y', isTime: false, orientation: y, direction: ScaleDirection.Up, range: [0, rows.length] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: board.timezone, theme });
  builder.addAxis({
    scaleKey: 'y',
    isTime: false,
    placement: AxisPlacement.Left,
    theme,
    // Every name where there is room for it, otherwise every second, fourth, ...
    splits: (plot) => everyWithRoom(rows.length, plot.bbox.height / devicePixelRatio).map((row) => row + 0.5),
    values: (_, splits) => splits.map((at) => rows[at - 0.5]?.name ?? ''),
    grid: { show: false },
  });
  builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, pointsBuilder: () => null, theme, show: true });
  builder.addHook('draw', (plot) => paint(plot, rows, theme, panel.options.color.exponent ?? 1));
  return builder;
}

function everyWithRoom(count, height) {
  const every = 2 ** Math.max(0, Math.ceil(Math.log2((count * 14) / Math.max(height, 1))));
  return Array.from({ length: Math.ceil(count / every) }, (_, at) => at * every);
}

function paint(plot, rows, theme, exponent) {
  const { ctx } = plot;
  const { top, left, width, height } = plot.bbox;
  const values = rows.flatMap(({ cells }) => cells.map(({ value }) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const row = height / rows.length;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  rows.forEach(({ cells, interval }, at) => {
    for (const { from, value } of cells) {
      const share = ((value - low) / (high - low || 1)) ** exponent;
      const [start, end] = [plot.valToPos(from, 'x', true), plot.valToPos(from + interval, 'x', true)];
      ctx.fillStyle = colour(share, theme.isDark);
      ctx.fillRect(start, top + height - (at + 1) * row, Math.max(end - start - 1, 1), Math.max(row - 1, 1));
    }
  });
  ctx.restore();
}

function colour(share, dark) {
  const [low, high] = SCHEME[dark ? 'dark' : 'light'];
  return `rgb(${low.map((from, part) => Math.round(from + (high[part] - from) * share))})`;
}
