"""What reviewers see next, and what their decisions add up to; every screen is drawn from here."""
