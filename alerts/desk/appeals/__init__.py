"""Appeals: what customers complain about, who has to answer, in what time, and what a late answer costs."""
