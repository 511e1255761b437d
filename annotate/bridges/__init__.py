"""Ways to other programs that annotate: what is said to them, and what they say."""
