"""Cases of the desk: how many accounts a fault concerns, and how many of them are corrected, counted in the billing."""
