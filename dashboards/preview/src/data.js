// A panel's data as Grafana hands it to the panel: transformations, then overrides, mappings, thresholds and units.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

import { framesOf } from './frames.js';
import { registryFor } from './registry.js';

// Some are listed twice, under an older name too.
const transformations = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
standardTransformersRegistry.setInit(() =>
  [...transformations.values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation: () => Promise.resolve(transformation),
    editor: () => null,
    imageDark: '',
    imageLight: '',
  }))
);

/** Return the frames a panel starts with, those before each transformation, and those it shows. */
export async function prepare(panel, board, recording, theme) {
  const answers = recording.answers;
  let frames = framesOf(panel, answers);
  const steps = [];
  for (const transformation of panel.transformations ?? []) {
    steps.push({ transformation, frames });
    frames = await firstValueFrom(transformDataFrame([transformation], frames));
  }
  const shown = applyFieldOverrides({
    data: frames,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registryFor(panel.fieldConfig),
    replaceVariables: (text, scoped) => fill(text, recording.variables, scoped),
    theme,
    timeZone: board.timezone,
  });
  cacheFieldDisplayNames(shown);
  return { steps, frames, shown, errors: answers.filter((one) => one.panel === panel.id && one.error) };
}

/** Fill variables and the labels of a field into a text such as a display name or a link. */
export function fill(text, variables, scoped) {
  return text.replace(/\$\{([^}:]+)(?::[^}]*)?\}|\$(\w+)/g, (whole, braced, bare) => {
    const name = braced ?? bare;
    const label = /^__field\.labels\.(.+)$/.exec(name);
    if (label) {
      return scoped?.__dataContext?.value?.field?.labels?.[label[1]] ?? '';
    }
    return variables[name] ?? whole;
  });
}

/** Return whether a panel has nothing to show. */
export function empty(frames) {
  return !frames.some((frame) => frame.fields.some((field) => field.values.some((value) => value != null)));
}
