"""`python -m hipcv`."""

from hipcv.cli import main

if __name__ == "__main__":
    main()
