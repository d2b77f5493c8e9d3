"""The vocabulary of stories: pure types, no Django; no I/O but the languages' files."""
