"""The app's own settings, changed in one thing each."""
