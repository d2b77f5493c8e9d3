"""Every word for a model, and every word of a story written by ourselves."""
