"""What is proved of the projections layer."""
