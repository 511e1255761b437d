"""Label Studio: label config, tasks and annotations as plain data, its HTTP API, its ML backend."""
