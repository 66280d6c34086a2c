// What is wrong with what is drawn. Every finding names the panel, the fault and the remedy.
import { emptyPanel, failedQuery, unmatchedOverrides, unmatchedTransformations } from './data.js';
import { colourAlone, namelessSeries, rawUnits } from './meaning.js';
import { brokenText } from './text.js';
import { englishUnits } from './words.js';
import { COMPONENTS } from '../panels/index.jsx';

const CHECKS = [failedQuery, emptyPanel, unmatchedTransformations, unmatchedOverrides, namelessSeries, rawUnits, englishUnits, colourAlone, brokenText];

/** Return every finding of the page that is drawn now. */
export function findings({ panels, prepared, board, recording, theme }) {
  return panels.flatMap((panel) => {
    const section = document.querySelector(`section[data-panel="${panel.id}"]`);
    const drawn = { panel, board, recording, theme, section, ...prepared.get(panel.id) };
    const known = panel.type in COMPONENTS ? [] : [notDrawn(panel)];
    return [...known, ...CHECKS.flatMap((check) => check(drawn))].map((found) => ({ panel: panel.title, ...found }));
  });
}

function notDrawn({ type }) {
  return { fault: `panels of the type ${type} are not drawn here`, remedy: 'add a component to panels/index.jsx' };
}
