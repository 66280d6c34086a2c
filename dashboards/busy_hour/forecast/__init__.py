"""Forecasts of the busy hour and the test that chooses between them."""
