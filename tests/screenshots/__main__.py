"""Makes the pictures that the documents show, or with --all one of every page.

    python -m tests.screenshots           # docs/pictures, two of them
    python -m tests.screenshots --all     # screenshots/, every page by size, light and language

Both start the real server and a scripted model host on a temporary data directory. The same machine
makes the same pictures of the documents again.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from testkit.app import ROOT
from tests.browsers import launched
from tests.screenshots import documents, pages
from tests.screenshots.site import temporary_site


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.screenshots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--all", action="store_true", help="every page, into screenshots/")
    parser.add_argument("--into", type=Path, help="another directory")
    options = parser.parse_args()
    module, usual = (pages, "screenshots") if options.all else (documents, "docs/pictures")
    into = options.into or ROOT / usual
    into.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="storyteller-") as folder,
        temporary_site(Path(folder)) as site,
        launched() as browser,
    ):
        for path in module.taken(browser, site, into):
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
