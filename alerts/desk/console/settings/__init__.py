"""The console's settings: a module a page, all within one frame of tabs."""
