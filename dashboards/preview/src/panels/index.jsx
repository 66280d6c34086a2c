// Which component draws which type of panel. A type that is not here is named in the list of what is not drawn.
import { Bars } from './bargauge.jsx';
import { Lanes } from './statetimeline.jsx';
import { Heat } from './heatmap.jsx';
import { Lines } from './timeseries.jsx';
import { Rows } from './table.jsx';
import { Stat } from './stat.jsx';

/** Panels drawn by the component that Grafana itself uses. */
export const GRAFANAS_OWN = { stat: Stat, bargauge: Bars, table: Rows, timeseries: Lines };

/** Panels drawn by the lower parts of the same packages. */
export const OF_PARTS = { 'state-timeline': Lanes, heatmap: Heat };

export const COMPONENTS = { ...GRAFANAS_OWN, ...OF_PARTS };
