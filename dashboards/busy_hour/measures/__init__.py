"""What a day and a period come to: quarters, busy hours, capacity."""
