"""The performance suite, small: that it measures what it says, and that a wrong answer is never a rate."""
