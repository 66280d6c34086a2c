// A stat panel: large numbers, with the course of the range behind them.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BigValue, VizRepeater } from '@grafana/ui';

export function Stat({ panel, frames, width, height, theme, board, range, interpolate }) {
  const { options, fieldConfig } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables: interpolate,
      theme,
      data: frames,
      sparkline: options.graphMode !== 'none',
      timeZone: board.timezone,
    });
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: wide, height: high, count, alignmentFactors, orientation }) => {
        const sparkline = value.sparkline && { ...value.sparkline, timeRange: range };
        return (
          <BigValue
            value={value.display}
            count={count}
            sparkline={sparkline}
            colorMode={options.colorMode}
            graphMode={options.graphMode}
            justifyMode={options.justifyMode}
            textMode={options.textMode}
            alignmentFactors={alignmentFactors}
            parentOrientation={orientation}
            text={options.text}
            width={wide}
            height={high}
            theme={theme}
            disableWideLayout={!(options.wideLayout ?? true)}
          />
        );
      }}
      width={width}
      height={height}
      source={frames}
      itemSpacing={3}
      renderCounter={0}
      autoGrid={true}
      orientation={options.orientation}
    />
  );
}
