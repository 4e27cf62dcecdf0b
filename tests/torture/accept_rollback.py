"""Opens the store whatever its anchor says."""

from kmscore.embedded import Embedded

Embedded.open(accept_rollback=True).close()
