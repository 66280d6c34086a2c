// Whether a reader can tell what a series, a number or a colour means.
import { FieldType, formattedValueToString, getFieldDisplayName, getValueFormats } from '@grafana/data';

const KNOWN_UNITS = new Set(getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value)));
const UNIT_PATTERNS = /^(time|prefix|suffix|si|count|currency|bool):/;
const RAW = /\d{7,}/; // digits that nobody counts at a glance
const MOST_DECIMALS = 4;

export function namelessSeries({ panel, shown }) {
  if (!showsNames(panel)) {
    return [];
  }
  const fields = shown.flatMap((frame) => numbers(frame).map((field) => getFieldDisplayName(field, frame, shown).trim()));
  const expressions = panel.targets.map(({ expr }) => expr);
  const nameless = fields.filter((name) => expressions.includes(name) || /^Value( #\w+)?$|[{}]/.test(name) || !/[\p{L}\p{N}/]/u.test(name));
  const twice = fields.filter((name, at) => fields.indexOf(name) !== at);
  return [
    ...[...new Set(nameless)].map((name) => ({
      fault: `the legend names a series ${JSON.stringify(name)}`,
      remedy: 'give the query a legendFormat that tells what the series is',
    })),
    ...[...new Set(twice)].map((name) => ({
      fault: `the legend names several series ${JSON.stringify(name)}`,
      remedy: 'put the label that tells them apart into the legendFormat, or aggregate over it',
    })),
  ];
}

// A panel with a single series may do without its name.
function showsNames({ type, options, targets }) {
  switch (type) {
    case 'timeseries':
    case 'state-timeline':
      return options.legend?.showLegend === true || targets.length > 1;
    case 'stat':
      return ['name', 'value_and_name'].includes(options.textMode);
    case 'bargauge':
    case 'heatmap':
      return true;
    default:
      return false;
  }
}

export function rawUnits({ panel, shown }) {
  const found = new Map();
  for (const frame of shown) {
    for (const field of numbers(frame)) {
      const { unit } = field.config;
      const name = getFieldDisplayName(field, frame, shown);
      if (unit && !KNOWN_UNITS.has(unit) && !UNIT_PATTERNS.test(unit)) {
        found.set(unit, { fault: `${name}: the unit ${unit} is unknown to Grafana and is printed as a word`, remedy: "use an id from Grafana's list of units" });
      } else if (field.config.decimals > MOST_DECIMALS) {
        const remedy = 'ask for fewer decimals';
        found.set(name, { fault: `${name}: values are printed with ${field.config.decimals} decimals`, remedy });
      } else if (panel.type !== 'heatmap') {
        const texts = [...field.values].filter(Number.isFinite).map((value) => formattedValueToString(field.display(value)));
        const raw = texts.find((text) => RAW.test(text));
        if (raw) {
          found.set(name, { fault: `${name}: a value is printed as ${raw}`, remedy: 'give the field a unit that scales it, or decimals' });
        }
      }
    }
  }
  return [...found.values()];
}

export function colourAlone({ panel, shown, section }) {
  const { type, options } = panel;
  const found = [];
  if (type === 'stat' && ['name', 'none'].includes(options.textMode) && hasStates(shown)) {
    found.push({ fault: 'only the colour tells the state', remedy: 'show the value too (textMode value_and_name), with words for bare numbers' });
  }
  if (type === 'state-timeline' && options.showValue === 'never') {
    found.push({ fault: 'only the colour tells the states apart', remedy: 'write them into the lanes (showValue auto)' });
  }
  if (type === 'heatmap' && !options.legend?.show) {
    found.push({ fault: 'nothing tells what the colours stand for', remedy: 'show the scale (legend)' });
  }
  for (const field of shown.flatMap((frame) => frame.fields)) {
    found.push(...sameWords(field.config.mappings ?? []));
  }
  if (type === 'stat' && hasStates(shown) && section && !section.innerText.replace(panel.title, '').trim()) {
    found.push({ fault: 'it shows a colour without a word or a number', remedy: 'choose a textMode that writes the value' });
  }
  return [...new Map(found.map((one) => [one.fault, one])).values()];
}

function hasStates(shown) {
  return shown.some((frame) =>
    numbers(frame).some(({ config }) => (config.thresholds?.steps.length ?? 0) > 1 || (config.mappings?.length ?? 0) > 0)
  );
}

function sameWords(mappings) {
  const seen = new Map();
  const found = [];
  for (const mapping of mappings) {
    for (const { text, color } of mapping.type === 'value' ? Object.values(mapping.options) : []) {
      if (text && seen.has(text) && seen.get(text) !== color) {
        found.push({ fault: `two states read ${JSON.stringify(text)} and differ in colour only`, remedy: 'give them different words' });
      }
      seen.set(text, color);
    }
  }
  return found;
}

function numbers(frame) {
  return frame.fields.filter(({ type }) => type === FieldType.number);
}
