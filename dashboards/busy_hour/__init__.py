"""ott-busyhour: busy-hour records, measures, forecasts and reports."""
