"""Where Django looks for forms of dates (FORMAT_MODULE_PATH)."""
