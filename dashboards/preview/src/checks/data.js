// Whether a panel has data, and whether its overrides and transformations meet the fields they name.
import { fieldMatchers, getFieldDisplayName, standardTransformersRegistry } from '@grafana/data';

import { empty } from '../data.js';

// A panel may be empty where that is an answer, such as no open ticket; then it says so in words of its own.
const SAYS_NOTHING = new Set([undefined, '', 'No data', 'no data', 'нет данных']);

export function failedQuery({ errors }) {
  return errors.map(({ ref, error }) => ({
    fault: `query ${ref} fails: ${error}`,
    remedy: 'correct the expression, or the name of a metric or variable in it',
  }));
}

export function emptyPanel({ panel, shown, errors }) {
  const noValue = panel.fieldConfig.defaults.noValue;
  if (errors.length || !empty(shown) || !SAYS_NOTHING.has(noValue)) {
    return [];
  }
  return [{ fault: 'it shows no data', remedy: 'correct its queries, or state in noValue what an empty answer means' }];
}

export function unmatchedOverrides({ panel, frames }) {
  if (empty(frames)) {
    return [];
  }
  const overrides = panel.fieldConfig.overrides ?? [];
  const unknown = overrides.filter(({ matcher }) => !fieldMatchers.getIfExists(matcher.id));
  const unmatched = overrides.filter((one) => !unknown.includes(one) && !matchesAny(one.matcher, frames));
  // Overrides that only rename are a list of words for a label's values, of which some may not occur now.
  const renames = overrides.filter(onlyRenames);
  const someRename = renames.some((one) => !unmatched.includes(one));
  return [
    ...unknown.map(({ matcher }) => ({
      fault: `the override matcher ${matcher.id} is unknown to Grafana`,
      remedy: 'use one of its matchers, such as byName',
    })),
    ...unmatched
      .filter((one) => !(someRename && renames.includes(one)))
      .map(({ matcher }) => ({
        fault: `the override ${matcher.id} ${JSON.stringify(matcher.options)} matches no field`,
        remedy: `name one of the fields: ${names(frames)}`,
      })),
  ];
}

function matchesAny({ id, options }, frames) {
  const matches = fieldMatchers.get(id).get(options);
  return frames.some((frame) => frame.fields.some((field) => matches(field, frame, frames)));
}

function onlyRenames({ properties }) {
  return properties.every(({ id }) => id === 'displayName');
}

export function unmatchedTransformations({ steps }) {
  return steps.flatMap(({ transformation: { id, options }, frames }) => {
    if (!standardTransformersRegistry.getIfExists(id)) {
      return [{ fault: `the transformation ${id} is unknown to Grafana`, remedy: 'use one of its transformations' }];
    }
    if (empty(frames)) {
      return [];
    }
    const present = new Set(frames.flatMap((frame) => frame.fields.flatMap((field) => [field.name, getFieldDisplayName(field, frame, frames)])));
    return fieldsNamed(id, options)
      .filter((name) => !present.has(name))
      .map((name) => ({
        fault: `the transformation ${id} names the field ${JSON.stringify(name)}, which is not there`,
        remedy: `name one of the fields: ${names(frames)}`,
      }));
  });
}

// The fields that a transformation names in its options.
function fieldsNamed(id, options) {
  switch (id) {
    case 'filterFieldsByName':
      return [...(options.include?.names ?? []), ...(options.exclude?.names ?? [])];
    case 'organize':
      return [...new Set(['excludeByName', 'indexByName', 'renameByName'].flatMap((key) => Object.keys(options[key] ?? {})))];
    case 'sortBy':
      return (options.sort ?? []).map(({ field }) => field).filter(Boolean);
    case 'groupingToMatrix':
      return [options.rowField, options.columnField, options.valueField].filter(Boolean);
    case 'joinByField':
      return [options.byField].filter(Boolean);
    case 'groupBy':
      return Object.keys(options.fields ?? {});
    default:
      return [];
  }
}

function names(frames) {
  return [...new Set(frames.flatMap((frame) => frame.fields.map((field) => getFieldDisplayName(field, frame, frames))))].join(', ');
}
