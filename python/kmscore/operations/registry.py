"""How a control-plane operation is declared: one function with one decorator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import msgspec

from kmscore._core import ControlCall, KeyHierarchy
from kmscore.store.transaction import Transaction, View

if TYPE_CHECKING:
    from kmscore.store.store import Store

Response: TypeAlias = dict[str, Any]


class Request(msgspec.Struct, frozen=True, rename="pascal"):
    """The input of an operation; members are named as in the service model, in snake case."""


R = TypeVar("R", bound=Request)
P = TypeVar("P")
ReadHandler: TypeAlias = Callable[[View, ControlCall, P], Response]
WriteHandler: TypeAlias = Callable[[Transaction, ControlCall, P], Response]
Inquiry: TypeAlias = "Callable[[Store, ControlCall, R], P]"
AnswerHandler: TypeAlias = Callable[[KeyHierarchy, ControlCall, R], Response]
Preparation: TypeAlias = Callable[[KeyHierarchy, ControlCall, R], P]


@dataclass(frozen=True)
class Read(Generic[R, P]):
    """An operation that changes nothing."""

    request: type[R]
    inquire: Inquiry[R, P]
    """Finds out what is not in the database, before one state of that is read: what it finds is the handler's."""
    handler: ReadHandler[P]


@dataclass(frozen=True)
class Write(Generic[R, P]):
    """An operation that changes the store, in a transaction of its own."""

    request: type[R]
    prepare: Preparation[R, P]
    """Work that takes time and needs no transaction: what it makes is the handler's."""
    handler: WriteHandler[P]


@dataclass(frozen=True)
class Answer(Generic[R]):
    """An operation that changes nothing and needs nothing of the store but its keys."""

    request: type[R]
    handler: AnswerHandler[R]


OPERATIONS: dict[str, Read[Any, Any] | Answer[Any] | Write[Any, Any]] = {}


def reads(request: type[R]) -> Callable[[ReadHandler[R]], ReadHandler[R]]:
    """Declare an operation that reads; its name is the request's without `Request`."""
    return reads_elsewhere(request, _as_it_is)


def reads_elsewhere(request: type[R], inquire: Inquiry[R, P]) -> Callable[[ReadHandler[P]], ReadHandler[P]]:
    """Declare an operation that reads also what is not in the database."""

    def declare(handler: ReadHandler[P]) -> ReadHandler[P]:
        OPERATIONS[_name(request)] = Read(request, inquire, handler)
        return handler

    return declare


def answers(request: type[R]) -> Callable[[AnswerHandler[R]], AnswerHandler[R]]:
    """Declare an operation that takes time and reads nothing: no snapshot is held while it runs."""

    def declare(handler: AnswerHandler[R]) -> AnswerHandler[R]:
        OPERATIONS[_name(request)] = Answer(request, handler)
        return handler

    return declare


def writes(request: type[R]) -> Callable[[WriteHandler[R]], WriteHandler[R]]:
    """Declare an operation that changes the store; its name is the request's without `Request`."""
    return writes_prepared(request, _as_it_is)


def writes_prepared(request: type[R], prepare: Preparation[R, P]) -> Callable[[WriteHandler[P]], WriteHandler[P]]:
    """Declare an operation that prepares something before its transaction begins, while others may still write."""

    def declare(handler: WriteHandler[P]) -> WriteHandler[P]:
        OPERATIONS[_name(request)] = Write(request, prepare, handler)
        return handler

    return declare


def _as_it_is(_store: object, _call: ControlCall, request: R) -> R:
    return request


def _name(request: type[Request]) -> str:
    return request.__name__.removesuffix("Request")
