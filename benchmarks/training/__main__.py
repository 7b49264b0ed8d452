"""Print what a daily publish costs compared with AutoETS alone, and what tracking costs a training.

`python -m benchmarks.training [--recipe NAME] [--sites 30] [--days 1096] [--tracked-sites 4]`
"""

import argparse

from benchmarks.training.publishing import publishing
from benchmarks.training.tracking import tracking

MEASURES = 5  # of each site


def main() -> None:
    """Both, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="", help="a name of the catalogue; the first contender, if left out")
    parser.add_argument("--sites", type=int, default=150 // MEASURES, help="of the publish")
    parser.add_argument("--days", type=int, default=1096)
    parser.add_argument("--tracked-sites", type=int, default=4, help="of the training; 0: leave it out")
    options = parser.parse_args()
    publishing(options.recipe, options.sites, options.days)
    if options.tracked_sites:
        tracking(options.tracked_sites, options.days)


if __name__ == "__main__":
    main()
