"""How teachers, selectors, students and queue orders compare; ``pipelines.compare_methods`` runs
it."""
