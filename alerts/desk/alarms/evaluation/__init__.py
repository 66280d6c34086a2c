"""Whether an alarm that ended has recovered: its rule's expression evaluated over data that are present."""
