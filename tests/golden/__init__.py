"""Files of every format that was ever released, and the tests that read them."""
