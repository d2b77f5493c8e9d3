"""A stand-in for hosts with OpenAI's API: its real protocol, scripted text, faults and quirks."""
