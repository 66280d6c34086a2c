// Annotations from a Prometheus: a stretch of time for each series of the query.
/** Return the stretches to mark, each with its colour. */
export function marksOf(board, recording, theme) {
  return recording.annotations.flatMap(({ expr, step, series }) => {
    const annotation = board.annotations.list.find((one) => one.expr === expr);
    const color = theme.visualization.getColorByName(annotation?.iconColor ?? 'orange');
    return series.flatMap(({ values }) => stretches(values, step).map(([from, to]) => ({ from: from * 1000, to: to * 1000, color })));
  });
}

function stretches(values, step) {
  const found = [];
  for (const [at, value] of values) {
    if (Number(value) === 0) {
      continue;
    }
    const last = found.at(-1);
    if (last && at - last[1] <= step) {
      last[1] = at;
    } else {
      found.push([at, at]);
    }
  }
  return found;
}
