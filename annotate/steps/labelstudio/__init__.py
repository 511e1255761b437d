"""Label Studio: one file a step, and what the steps share."""
