"""The stream contract as a black box: `python -m tests.conformance` against any base URL."""
