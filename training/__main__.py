"""`python -m training`, also installed as `headroom`."""

from training.cli import main

if __name__ == "__main__":
    main()
