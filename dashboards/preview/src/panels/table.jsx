// A table.
import { TableNG } from '@grafana/ui/unstable';

export function Rows({ panel, frames, width, height, range }) {
  const { options, fieldConfig } = panel;
  return (
    <TableNG
      data={frames[0]}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      showTypeIcons={options.showTypeIcons}
      resizable={true}
      sortBy={options.sortBy}
      cellHeight={options.cellHeight}
      timeRange={range}
      fieldConfig={fieldConfig}
      structureRev={1}
    />
  );
}
