"""One step a file: it reads the store, calls algorithms, writes the store, reports progress."""
