"""Tests, one folder for each layer; `house` holds the rules the repository keeps about itself."""
