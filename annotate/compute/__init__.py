"""Devices, seeds, batches and nearest neighbours: what several algorithms compute with."""
