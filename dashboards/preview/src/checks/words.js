// Whether Grafana printed a unit in English where the dashboard speaks another language.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';

import { textsOf } from './canvas.js';

// What Grafana's units print that is a word, or the abbreviation of one, and no international symbol.
const PERIODS = 'years?|months?|weeks?|days?|hours?|minutes?|mins?|seconds?|secs?|ago';
const ENGLISH = new RegExp(`^-?[\\d.,]+ *(${PERIODS}|Mil|Bil|Tri|Quadr|(?:c|ops|req|rd|wr|io|p|msg)/[sm])\\b|\\b(?:${PERIODS})$`);
const REMEDY = 'use a unit without words (dthms, dtdhms, sishort), or one whose word is in the catalogue (suffix:, count:)';

export function englishUnits({ board, shown, section }) {
  if (!board.tags?.length || board.tags.includes('en')) {
    return [];
  }
  const found = new Map();
  for (const frame of shown) {
    for (const field of frame.fields.filter(({ type }) => type === FieldType.number)) {
      const english = [...field.values].map((value) => formatted(field, value)).find((text) => ENGLISH.test(text));
      if (english) {
        found.set(english, `${getFieldDisplayName(field, frame, shown)}: a value is printed in English: ${english}`);
      }
    }
  }
  const ticks = [...section.querySelectorAll('canvas')].flatMap(textsOf).map(({ text }) => text);
  for (const tick of ticks.filter((text) => /^-?\d/.test(text) && ENGLISH.test(text))) {
    found.set(tick, `an axis is printed in English: ${tick}`);
  }
  return [...found.values()].map((fault) => ({ fault, remedy: REMEDY }));
}

// A word that stands for a value is a text of the dashboard's own.
function formatted(field, value) {
  return Number.isFinite(value) ? formattedValueToString(field.display(value)) : '';
}
