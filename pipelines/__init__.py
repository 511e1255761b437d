"""Recipes that read top to bottom; ``annotate run NAME`` starts one."""
