"""Reports: how the targets were kept, by period, site, vendor and priority."""
