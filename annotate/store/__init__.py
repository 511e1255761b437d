"""The project on disk: tables, decisions, arrays and locks.

Steps write here; algorithms never see it.
"""
