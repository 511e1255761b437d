"""What `annotate review` tells the server it starts, as names of environment variables."""

from __future__ import annotations

PROJECT = "ANNOTATE_REVIEW_PROJECT"
REVIEWER = "ANNOTATE_REVIEW_REVIEWER"
ORDER = "ANNOTATE_REVIEW_ORDER"
