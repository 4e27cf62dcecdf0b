"""The rows of custom key stores, and why a key cannot be made in one."""

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.store import schema
from kmscore.store.connections import settled
from kmscore.store.rows import Row, text
from kmscore.store.transaction import View

CLOUD_HSM = "AWS_CLOUDHSM"
EXTERNAL = "EXTERNAL_KEY_STORE"


def existing(view: View, call: ControlCall, store_id: str) -> Row:
    """The custom key store of this id, as it is now.

    Raises:
        CustomKeyStoreNotFoundException: The caller's account and Region have none.
    """
    place = {"account": call.account, "region": call.region}
    row = view.row(schema.custom_key_stores, **place, custom_key_store_id=store_id)
    if row is None:
        raise errors.CustomKeyStoreNotFoundException(f"Custom key store '{store_id}' does not exist.")
    return settled(row, view.now)


def key_refusal(view: View, call: ControlCall, store_id: str, origin: str) -> errors.ClientError:
    """Why a key cannot be made in a custom key store: no store of this version can be connected.

    Args:
        view: The store.
        call: The call that asks for the key.
        store_id: The custom key store.
        origin: `Origin` of the key.

    Raises:
        CustomKeyStoreNotFoundException: There is no such custom key store.
    """
    row = existing(view, call, store_id)
    if row["type"] != origin:
        return errors.ValidationException(
            f"Custom key store '{store_id}' is of type {text(row, 'type')}, which is not valid for Origin {origin}."
        )
    return errors.CustomKeyStoreInvalidStateException(
        f"Custom key store '{store_id}' is {text(row, 'state')}: keys are made in connected custom key stores only."
    )
