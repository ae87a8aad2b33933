"""`python -m p2pnet` is the `p2pnet` command."""

from .cli import main

if __name__ == "__main__":
    main()
