// The field options that a panel's JSON may set. In Grafana each panel plugin registers its own; here every option
// that a board sets is known, and what it says is taken over as it is.
import {
  FieldConfigOptionsRegistry,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

const STANDARD = {
  displayName: displayNameOverrideProcessor,
  unit: unitOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  noValue: displayNameOverrideProcessor,
  color: identityOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  links: dataLinksOverrideProcessor,
};

/** Return the registry for the options of one panel. */
export function registryFor(fieldConfig) {
  const registry = new FieldConfigOptionsRegistry();
  for (const [id, process] of Object.entries(STANDARD)) {
    registry.register(option(id, id, process));
  }
  for (const path of customPaths(fieldConfig)) {
    registry.register({ ...option(`custom.${path}`, path, identityOverrideProcessor), isCustom: true });
  }
  return registry;
}

function customPaths({ defaults, overrides }) {
  const properties = (overrides ?? []).flatMap((override) => override.properties);
  const overridden = properties.filter(({ id }) => id.startsWith('custom.')).map(({ id }) => id.slice('custom.'.length));
  return new Set([...Object.keys(defaults.custom ?? {}), ...overridden]);
}

function option(id, path, process) {
  const settings = { expandTemplateVars: id === 'displayName' };
  return { id, path, name: id, process, settings, override: () => null, editor: () => null, shouldApply: () => true };
}
