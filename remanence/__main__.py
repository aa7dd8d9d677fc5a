"""`python -m remanence` is the command line, wherever its script isn't on the path."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="remanence")
