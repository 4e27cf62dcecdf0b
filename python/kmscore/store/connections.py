"""How far the connection of a custom key store has come: it takes a moment to make and to end.

Nobody is woken when the moment is over. Whoever looks at a store sees what has become of it, and whoever changes it
writes that down.
"""

from kmscore.store.rows import Row, number

CONNECTED = "CONNECTED"
CONNECTING = "CONNECTING"
DISCONNECTED = "DISCONNECTED"
DISCONNECTING = "DISCONNECTING"
FAILED = "FAILED"
MOMENT = 1_000_000
"""Microseconds that connecting and disconnecting take."""

# What a cluster or a proxy that kmscore was not told of looks like: no such thing can be found or reached.
_CANNOT_CONNECT = {"AWS_CLOUDHSM": "CLUSTER_NOT_FOUND", "EXTERNAL_KEY_STORE": "XKS_PROXY_NOT_REACHABLE"}


def settled(row: Row, now: int) -> Row:
    """The row of a custom key store as it is now.

    Args:
        row: The verified row.
        now: Microseconds since 1970.
    """
    if row["transition_end"] is None or number(row, "transition_end") > now:
        return row
    if row["state"] == CONNECTING:
        return {**row, "state": FAILED, "error": _CANNOT_CONNECT[str(row["type"])], "transition_end": None}
    return {**row, "state": DISCONNECTED, "error": None, "transition_end": None}
