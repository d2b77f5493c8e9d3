"""The ORM from async code, bounded waits, and notifications between processes."""
