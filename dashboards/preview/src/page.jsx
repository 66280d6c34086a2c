// One board as a page: the head, the rows and the grid of 24 columns, with the frames of Grafana's panels.
import { dateTime } from '@grafana/data';
import { GlobalStyles, PanelChrome, PanelContextProvider, PortalContainer, ThemeContext } from '@grafana/ui';
import { EMPTY } from 'rxjs';

import { empty, fill } from './data.js';
import { COMPONENTS } from './panels/index.jsx';

const [CELL, GAP, COLUMNS, MARGIN] = [30, 8, 24, 16]; // pixels, as in Grafana

export function Page({ board, recording, prepared, marks, theme, width }) {
  const column = (width - 2 * MARGIN + GAP) / COLUMNS;
  const place = ({ x, y, w, h }) => ({
    position: 'absolute',
    left: x * column,
    top: y * (CELL + GAP),
    width: w * column - GAP,
    height: h * (CELL + GAP) - GAP,
  });
  const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventsScope: 'global', eventBus: SILENT, app: 'dashboard' }}>
        <Head board={board} recording={recording} theme={theme} />
        <div style={{ position: 'relative', margin: MARGIN, height: bottom * (CELL + GAP) - GAP }}>
          {board.panels.map((panel) => (
            <section key={panel.id} data-panel={panel.id} data-type={panel.type} style={place(panel.gridPos)}>
              {panel.type === 'row' ? (
                <RowTitle title={fill(panel.title, recording.variables)} theme={theme} />
              ) : (
                <Framed
                  panel={panel}
                  board={board}
                  recording={recording}
                  prepared={prepared.get(panel.id)}
                  marks={marks}
                  theme={theme}
                  size={place(panel.gridPos)}
                />
              )}
            </section>
          ))}
        </div>
      </PanelContextProvider>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

// Nothing on a picture is pointed at, so no panel has anything to tell another.
const SILENT = {
  publish: () => {},
  getStream: () => EMPTY,
  subscribe: () => EMPTY.subscribe(),
  removeAllListeners: () => {},
  newScopedBus: () => SILENT,
};

function Framed({ panel, board, recording, prepared, marks, theme, size }) {
  const Component = COMPONENTS[panel.type];
  const interpolate = (text, scoped) => fill(text, recording.variables, scoped);
  const range = rangeOf(recording.windows[panel.id]);
  const message = panel.fieldConfig.defaults.noValue || 'No data';
  const note = panel.timeFrom && !panel.hideTimeOverride ? `now-${panel.timeFrom}` : '';
  return (
    <PanelChrome
      title={interpolate(panel.title)}
      description={panel.description}
      width={size.width}
      height={size.height}
      titleItems={note && <PanelChrome.TitleItem>{note}</PanelChrome.TitleItem>}
      statusMessage={prepared.errors.map(({ error }) => error).join('; ') || undefined}
    >
      {(width, height) =>
        !Component || empty(prepared.shown) ? (
          <div className="nothing" style={{ width, height }}>
            {Component ? message : panel.type}
          </div>
        ) : (
          <Component
            panel={panel}
            board={board}
            frames={prepared.shown.filter((frame) => panel.type === 'table' || frame.fields.length)}
            marks={marks}
            range={range}
            theme={theme}
            width={width}
            height={height}
            interpolate={interpolate}
          />
        )
      }
    </PanelChrome>
  );
}

function rangeOf([from, to]) {
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  return { ...range, raw: range };
}

function RowTitle({ title, theme }) {
  return <h3 style={{ margin: 0, lineHeight: `${CELL}px`, ...theme.typography.h5 }}>{title}</h3>;
}

function Head({ board, recording, theme }) {
  const declared = board.templating.list.filter(({ hide, type }) => hide !== 2 && type !== 'datasource');
  return (
    <header style={{ margin: `${MARGIN}px ${MARGIN}px 0`, display: 'flex', gap: 16, alignItems: 'baseline' }}>
      <h1 style={{ margin: 0, whiteSpace: 'nowrap', ...theme.typography.h3 }}>{board.title}</h1>
      <span style={{ color: theme.colors.text.secondary, flexGrow: 1 }}>{board.description}</span>
      {declared.map(({ name, label }) => (
        <span key={name} style={{ whiteSpace: 'nowrap' }}>
          <span style={{ color: theme.colors.text.secondary }}>{label}</span> {chosen(recording.variables[name])}
        </span>
      ))}
    </header>
  );
}

function chosen(value) {
  return value === '.*' ? '∗' : value;
}
