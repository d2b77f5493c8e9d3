"""Every word that is said to a model, and every word of a story that we wrote ourselves."""
