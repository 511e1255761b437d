"""The review app: draws view models, sends decisions."""
