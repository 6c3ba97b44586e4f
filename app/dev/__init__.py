"""What `make` calls. Not in the image."""
