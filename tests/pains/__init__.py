"""What users of other event stores suffered, one test or group each: the name says the pain, the docstring who had it.

The numbers are those of issues in the trackers of the projects named.
"""
