"""Products of their own for tests: stand-ins for model hosts, the app as real processes, and the
conformance suite of the stream contract. Nothing here imports from `tests`."""
