"""Decisions that were thought out by hand: the engine and the slow evaluator both make them."""

import json

import pytest

from kmscore import _core
from policies.case_table import CALLERS, Case, Right, cases, rights
from policies.slow_evaluator import decide

CASES = list(cases())
RIGHTS = list(rights())


def test_the_tables_are_whole() -> None:
    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)
    operations = {operation["name"] for operation in _core.operations()}
    assert {right.operation for right in RIGHTS} == operations
    assert len(RIGHTS) == len(operations) * len(CALLERS) == 56 * 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_engine_decides_as_written(case: Case) -> None:
    answer = json.loads(_core.decide_policy(json.dumps(case.question)))
    assert answer["allowed"] == case.allowed, answer["explanation"]
    assert case.message in answer["message"]
    assert bool(answer["message"]) != answer["allowed"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_slow_evaluator_decides_as_written(case: Case) -> None:
    assert decide(case.question).allowed == case.allowed


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: f"{right.operation}-{right.caller}")
def test_three_statements_give_what_the_table_says(right: Right) -> None:
    answers = [json.loads(_core.decide_policy(json.dumps(question))) for question in right.questions]
    assert all(answer["allowed"] for answer in answers) == right.allowed, answers
    assert all(decide(question).allowed for question in right.questions) == right.allowed
