"""What `pipelines.benchmark` measures, one budget a file."""
