// States over time, one lane for each series. Grafana keeps its own component for this inside the server's code, so it
// is built here of the same parts: the plot and its axes, and the fields' own words and colours.
import { getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, VizLayout, VizLegend, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';

const PAD = 4; // pixels
const LANE = 0.8; // share of a lane's height that its states fill

export function Lanes({ panel, frames, width, height, board, range }) {
  const theme = useTheme2();
  const lanes = useMemo(() => lanesOf(frames), [frames]);
  const builder = useMemo(() => plotOf(lanes, theme, board, range, panel), [lanes, theme, board, range, panel]);
  const data = [[range.from.valueOf(), range.to.valueOf()], [0, lanes.length]];
  return (
    <VizLayout width={width} height={height} legend={legendOf(lanes, panel.options.legend)}>
      {(wide, high) => <UPlotChart config={builder} data={data} width={wide} height={high} />}
    </VizLayout>
  );
}

/** Return each series as a lane: its name and the stretches of one state. */
export function lanesOf(frames) {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === 'time');
    return frame.fields
      .filter((field) => field !== time && field.display)
      .map((field) => ({ name: getFieldDisplayName(field, frame, frames), states: states(time, field) }));
  });
}

function states(time, field) {
  const interval = time.config.interval ?? 0;
  const found = [];
  field.values.forEach((value, row) => {
    const at = time.values[row];
    const last = found.at(-1);
    const joined = last && at - last.to <= interval / 2;
    const to = at + interval;
    if (joined && last.value === value) {
      last.to = to;
    } else {
      const { text, color } = field.display(value);
      found.push({ value, text, color, from: at, to });
    }
  });
  return found;
}

function plotOf(lanes, theme, board, range, panel) {
  const builder = new UPlotConfigBuilder(board.timezone);
  const limits = [range.from.valueOf(), range.to.valueOf()];
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: limits,
  });
  builder.addScale({
    scaleKey: 'y',
    isTime: false,
    orientation: ScaleOrientation.Vertical,
    direction: ScaleDirection.Up,
    range: [0, lanes.length],
  });
  builder.addAxis({
    scaleKey: 'x',
    isTime: true,
    placement: AxisPlacement.Bottom,
    timeZone: board.timezone,
    theme,
    grid: { show: true },
  });
  builder.addAxis({
    scaleKey: 'y',
    isTime: false,
    placement: AxisPlacement.Left,
    theme,
    splits: lanes.map((_, lane) => lanes.length - lane - 0.5),
    values: () => lanes.map(({ name }) => name),
    grid: { show: false },
    ticks: { show: false },
  });
  builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, pointsBuilder: () => null, theme, show: true });
  const opacity = (panel.fieldConfig.defaults.custom?.fillOpacity ?? 70) / 100;
  builder.addHook('draw', (plot) => paint(plot, lanes, opacity, panel.options.showValue !== 'never' && theme));
  return builder;
}

function paint(plot, lanes, opacity, theme) {
  const { ctx } = plot;
  const { top, left, width, height } = plot.bbox;
  const lane = height / lanes.length;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.globalAlpha = opacity;
  lanes.forEach(({ states: stretches }, row) => {
    for (const { from, to, color, text } of stretches) {
      const [start, end] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)];
      ctx.fillStyle = color;
      ctx.fillRect(start, top + row * lane + (lane * (1 - LANE)) / 2, Math.max(end - start, 1), lane * LANE);
      if (theme) {
        write(ctx, text, theme, [Math.max(start, left), Math.min(end, left + width)], top + (row + 0.5) * lane, color);
      }
    }
  });
  ctx.restore();
}

// The state in words, where there is room for them.
function write(ctx, text, theme, [start, end], middle, color) {
  ctx.save();
  ctx.globalAlpha = 1;
  ctx.font = `${12 * devicePixelRatio}px ${theme.typography.fontFamily}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillStyle = theme.colors.getContrastText(color, 4.5);
  if (ctx.measureText(text).width + 2 * PAD < end - start) {
    ctx.fillText(text, start + PAD, middle);
  }
  ctx.restore();
}

function legendOf(lanes, options) {
  if (!options?.showLegend) {
    return null;
  }
  const items = new Map(lanes.flatMap(({ states: all }) => all.map(({ text, color }) => [text, { label: text, color, yAxis: 1 }])));
  return (
    <VizLayout.Legend placement={options.placement}>
      <VizLegend items={[...items.values()]} displayMode={options.displayMode} placement={options.placement} readonly />
    </VizLayout.Legend>
  );
}
