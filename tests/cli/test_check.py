"""`kmscore check`."""

from cli.conftest import CommandLine


def test_check_names_rules_and_controls_and_ends_with_1(store: CommandLine) -> None:
    ran = store("check")
    assert ran.code == 1
    assert "fail  cmk-backing-key-rotation-enabled (KMS.4)" in ran.out
    assert "warn  kms-key-tagged\n" in ran.out


def test_json_holds_the_good_results_as_evidence(store: CommandLine) -> None:
    found = store("--json", "check").json()
    assert {result["status"] for result in found} == {"ok", "warn", "fail"}
    assert {"rule", "control", "status", "resource", "text"} == set(found[0])


def test_chosen_rules_and_strictness_decide_the_exit_code(store: CommandLine) -> None:
    assert store.ok("check", "--rule", "kms-cmk-not-scheduled-for-deletion").out == "1 result: 0 failed, 0 warnings\n"
    assert store.ok("check", "--rule", "kms-key-tagged").out.endswith("1 result: 0 failed, 1 warning\n")
    assert store("check", "--rule", "kms-key-tagged", "--strict").code == 1
    assert "there is no rule nothing" in store.refused("check", "--rule", "nothing", code=2)
