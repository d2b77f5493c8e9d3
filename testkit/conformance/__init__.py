"""The stream contract as a black box: `python -m testkit.conformance` against any base URL."""
