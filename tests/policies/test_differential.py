"""The engine and the slow evaluator agree on whatever hypothesis thinks of."""

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings

from kmscore import _core
from policies.questions import questions
from policies.slow_evaluator import decide

# More by hand: KMSCORE_POLICY_EXAMPLES=100000.
EXAMPLES = int(os.environ.get("KMSCORE_POLICY_EXAMPLES", "400"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_engine_agrees_with_the_slow_evaluator(question: dict[str, Any]) -> None:
    answer = json.loads(_core.decide_policy(json.dumps(question)))
    verdict = decide(question)
    assert answer["allowed"] == verdict.allowed, answer["explanation"]
    if verdict.explicit:
        assert "with an explicit deny in" in answer["message"]
