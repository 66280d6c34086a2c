// A bar gauge: one bar for each series.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, VizRepeater } from '@grafana/ui';

const SPACING = 10;

export function Bars({ panel, frames, width, height, theme, board, interpolate }) {
  const { options, fieldConfig } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables: interpolate,
      theme,
      data: frames,
      timeZone: board.timezone,
    });
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: wide, height: high, orientation, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          width={wide}
          height={high}
          orientation={orientation}
          field={value.field}
          text={options.text}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          theme={theme}
          itemSpacing={SPACING}
          displayMode={options.displayMode}
          alignmentFactors={alignmentFactors}
          showUnfilled={options.showUnfilled}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
        />
      )}
      width={width}
      height={height}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.sizing === 'auto' ? 300 : options.maxVizHeight}
      source={frames}
      itemSpacing={SPACING}
      renderCounter={0}
      orientation={options.orientation}
    />
  );
}
