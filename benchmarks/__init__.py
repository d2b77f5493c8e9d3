"""What the app adds to the time that its model needs, measured against the model host alone."""
