// What the browser is asked: to draw a board from recorded answers, and to say what is wrong with what is drawn.
import { createTheme } from '@grafana/data';
import { createRoot } from 'react-dom/client';
import { flushSync } from 'react-dom';

import { findings } from './checks/index.js';
import { watchCanvases } from './checks/canvas.js';
import { prepare } from './data.js';
import { iconsAwaited } from './icons.js';
import { marksOf } from './marks.js';
import { Page } from './page.jsx';
import { COMPONENTS, GRAFANAS_OWN } from './panels/index.jsx';
import './fonts.js';
import './page.css';

watchCanvases();

let root;
let current;

/** Draw a board; resolve when everything that is drawn stays as it is. */
async function draw({ board, recording, colours, width }) {
  const theme = createTheme({ colors: { mode: colours } });
  const panels = board.panels.filter(({ type }) => type !== 'row');
  const prepared = new Map();
  for (const panel of panels) {
    prepared.set(panel.id, await prepare(panel, board, recording, theme));
  }
  root?.unmount();
  await fontsLoaded();
  document.body.style.background = theme.colors.background.canvas;
  document.body.style.width = `${width}px`;
  root = createRoot(document.getElementById('page'));
  const marks = marksOf(board, recording, theme);
  flushSync(() => root.render(<Page {...{ board, recording, prepared, marks, theme, width }} />));
  await settled();
  current = { board, panels, prepared, recording, theme };
  return panels.map(({ id, type }) => ({ id, type, drawn: type in GRAFANAS_OWN ? 'own' : type in COMPONENTS ? 'parts' : 'no' }));
}

// Text on a canvas is measured when it is drawn, so the fonts come first.
async function fontsLoaded() {
  await Promise.all([...document.fonts].map((font) => font.load()));
}

// Components measure themselves and draw again, and icons arrive late; two quiet frames say that they are done.
async function settled() {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let changes = 1;
  const observer = new MutationObserver((list) => (changes += list.length));
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  for (let quiet = 0, tries = 0; quiet < 2 && tries < 60; tries += 1) {
    changes = 0;
    await iconsAwaited();
    await frame();
    quiet = changes ? 0 : quiet + 1;
  }
  observer.disconnect();
}

window.preview = { draw, findings: () => findings(current) };
