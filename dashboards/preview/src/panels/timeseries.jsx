// Lines and bars over time, with the marks of annotations.
import { TimeSeries } from '@grafana/ui';
import { useLayoutEffect } from 'react';

export function Lines({ panel, frames, width, height, board, range, marks }) {
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      width={width}
      height={height}
      timeRange={range}
      timeZone={board.timezone}
      legend={panel.options.legend}
      options={panel.options}
    >
      {(builder) => <Marks builder={builder} marks={marks} />}
    </TimeSeries>
  );
}

// As Grafana marks an annotation with a range: dashed edges, a light fill, and a bar on the axis of time.
function Marks({ builder, marks }) {
  useLayoutEffect(() => {
    builder.addHook('draw', (plot) => {
      const { ctx } = plot;
      const { top, height, left, width } = plot.bbox;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, width, height + 12);
      ctx.clip();
      for (const { from, to, color } of marks) {
        const [start, end] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)];
        ctx.fillStyle = color;
        ctx.strokeStyle = color;
        ctx.globalAlpha = 0.1;
        ctx.fillRect(start, top, end - start, height);
        ctx.globalAlpha = 1;
        ctx.fillRect(start, top + height, Math.max(end - start, 2), 4);
        ctx.setLineDash([5, 5]);
        ctx.lineWidth = 2;
        for (const at of [start, end]) {
          ctx.beginPath();
          ctx.moveTo(at, top);
          ctx.lineTo(at, top + height);
          ctx.stroke();
        }
      }
      ctx.restore();
    });
  }, [builder, marks]);
  return null;
}
