"""Free months of the desk: whether the billing has credited each of them, once and by one fee."""
