"""How many KMS keys an account may have in a Region, without counting them for each new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmscore import errors
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import number

if TYPE_CHECKING:
    from kmscore.store.transaction import Transaction


class KeyQuota:
    """Bounds the customer managed keys of each account and Region.

    Keys are counted seldom: each change raises the state of the store and makes one key in a Region at most, so that an
    old count and the changes since bound the present one.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def check(self, transaction: Transaction, account: str, region: str) -> None:
        """Refuse one more key.

        Args:
            transaction: In which it is to be made.
            account: Its account.
            region: Its Region.

        Raises:
            LimitExceededException: The account has as many keys in the Region as it may have.
        """
        state = number(transaction.head(), "state")
        count, counted_at = self._counts.get((account, region), (self._limit, state))
        if count + state - counted_at < self._limit:
            return
        count = _count(transaction, account, region)
        if count >= self._limit:
            raise errors.LimitExceededException(
                f"Account {account} has {count} KMS keys in {region}, the most it may have."
            )
        self._counts[account, region] = (count, state)


def _count(transaction: Transaction, account: str, region: str) -> int:
    from sqlalchemy import func, select

    from kmscore.store import schema

    table = schema.keys.c
    counted = select(func.count()).where(
        table.account == account,
        table.region == region,
        table.manager == "CUSTOMER",
        table.state.not_in([SHREDDING, DELETED]),
    )
    return int(transaction.connection.execute(counted).scalar_one())
