"""Pictures of the pages, for the documents and for looking: `python -m tests.screenshots`."""
