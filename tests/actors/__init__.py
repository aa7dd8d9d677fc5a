"""What is proved of the actors layer: under Trio, without waiting for real time."""
