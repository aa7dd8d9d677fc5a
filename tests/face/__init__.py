"""The face: what users of the package call."""
