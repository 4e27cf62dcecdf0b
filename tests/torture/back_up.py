"""Writes or restores a backup. Arguments: `write` or `restore`, the backup, the file of its passphrase."""

import sys

from kmscore.embedded import Embedded
from kmscore.root_keys import passphrase_from_file
from kmscore.store.backup import restore, write_backup

action, path, passphrase = sys.argv[1:]
if action == "write":
    with Embedded.open() as embedded:
        write_backup(embedded.unlock(), embedded.store, path, passphrase=passphrase_from_file(passphrase))
else:
    restore(path, passphrase=passphrase_from_file(passphrase))
