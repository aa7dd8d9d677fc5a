"""The rules of the house: where imports may point, how large a file may grow, what the documentation must prove.

Each rule is a plain function from files to complaints, so that it is tried here twice: on this repository, where it
must find nothing, and on a small offender, where it must.
"""
