"""The vocabulary of stories: pure types, without Django and without I/O."""
