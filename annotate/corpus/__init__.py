"""Files, tables and ready-made features become items, or are quarantined with a reason."""
