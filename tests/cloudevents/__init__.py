"""CloudEvents: out of a log, into another, and nothing lost, doubled or changed on the way."""
