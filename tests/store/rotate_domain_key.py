"""A process that gives the store of its environment a new domain key."""

from kmscore.config import locate
from kmscore.store.domain_key import rotate_domain_key

if __name__ == "__main__":
    rotate_domain_key(locate(None), 1_800_000_000_000_000)
