"""Opens the store, and once more as many days later as its argument says: keys past their deletion date are purged."""

import sys

import kmscore
from kmscore.testing import Clock, advance

clock = Clock()
kmscore.client("kms", clock=clock).close()
advance(clock, days=float(sys.argv[1]))
kmscore.client("kms", clock=clock).close()
