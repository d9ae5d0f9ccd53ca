"""What syncd serves over HTTP."""
