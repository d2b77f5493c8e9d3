"""A stand-in for Ollama: its real protocol, with scripted text, faults and quirks."""
