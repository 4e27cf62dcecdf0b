"""`kmscore.client("kms")`: boto3's methods, Regions, callers, closing, pickling."""

import gc
import inspect
import json
import os
import pickle
import subprocess
import sys
import threading
import warnings
from typing import Any

import boto3
import pytest

import kmscore
from kmscore import KMSClient, ParameterError, StoreError, _core
from kmscore.client.meta import method_name
from kmscore.embedded import Embedded
from kmscore.testing import Clock, advance
from scratch_store import ScratchStore


def boto3_client() -> Any:
    return boto3.client("kms", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_every_operation_has_boto3s_method_name() -> None:
    theirs = boto3_client().meta.method_to_api_mapping
    ours = {method_name(row["name"]): row["name"] for row in _core.operations()}
    assert ours == theirs
    assert all(callable(getattr(KMSClient, name)) and getattr(KMSClient, name).__doc__ for name in ours)


@pytest.mark.parametrize("operation", _core.operations(), ids=lambda row: row["name"])
def test_arguments_of_operations_are_typed_as_declared(operation: dict[str, Any]) -> None:
    method = getattr(KMSClient, method_name(operation["name"]))
    module = sys.modules[method.__module__]
    name = str(inspect.signature(method).parameters["parameters"].annotation).removeprefix("Unpack[").removesuffix("]")
    assert set(vars(module)[name].__annotations__) == {member["name"] for member in operation["input"]["members"]}


def test_reply_has_boto3s_shape(kms: KMSClient, key: str) -> None:
    reply = kms.encrypt(KeyId=key, Plaintext=b"x")
    assert set(reply) == {"CiphertextBlob", "KeyId", "EncryptionAlgorithm", "ResponseMetadata"}
    metadata = reply["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    assert len(metadata["RequestId"]) == 36
    assert set(kms.disable_key(KeyId=key)) == {"ResponseMetadata"}


def test_error_names_operation_and_request(kms: KMSClient) -> None:
    with pytest.raises(kms.exceptions.NotFoundException) as caught:
        kms.describe_key(KeyId="alias/none")
    assert str(caught.value).startswith(
        "An error occurred (NotFoundException) when calling the DescribeKey operation: "
    )
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 36


def test_positional_arguments_are_refused_as_boto3_does(kms: KMSClient) -> None:
    with pytest.raises(TypeError, match="positional"):
        kms.describe_key("alias/none")  # type: ignore[arg-type, call-arg, unused-ignore]  # which, depends on the cache


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"Plaintext": b"x"}, 'Missing required parameter in input: "KeyId"'),
        ({"KeyId": "k", "Plaintext": "sesame"}, "Invalid type for parameter Plaintext"),
        ({"KeyId": "k", "Plaintext": b"x", "Context": {}}, 'Unknown parameter in input: "Context"'),
        ({"KeyId": "k", "Plaintext": b"x", "EncryptionContext": None}, "Invalid type for parameter EncryptionContext"),
        ({"KeyId": "k", "Plaintext": b"x", "EncryptionContext": {"a": 1}}, "EncryptionContext"),
    ],
)
def test_wrong_arguments_are_refused_by_name(kms: KMSClient, arguments: dict[str, Any], fault: str) -> None:
    with pytest.raises(ParameterError) as caught:
        kms.encrypt(**arguments)
    assert fault in str(caught.value)
    assert "sesame" not in str(caught.value)


# -- Region, account, principal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "environment", "region"),
    [
        ("eu-west-1", {"AWS_REGION": "us-west-2"}, "eu-west-1"),
        (None, {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"}, "us-west-2"),
        (None, {"AWS_DEFAULT_REGION": "us-gov-west-1"}, "us-gov-west-1"),
        (None, {}, "us-east-1"),
    ],
)
@pytest.mark.usefixtures("scratch")
def test_region_comes_from_argument_environment_default(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environment: dict[str, str], region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with kmscore.client("kms", given) as kms:
        assert kms.meta.region_name == region
        assert f":kms:{region}:" in kms.create_key()["KeyMetadata"]["Arn"]


def test_keys_of_another_region_and_account_are_apart(scratch: ScratchStore) -> None:
    with scratch.client() as here, scratch.client(region_name="eu-west-1") as there:
        key = here.create_key()["KeyMetadata"]["KeyId"]
        with pytest.raises(there.exceptions.NotFoundException):
            there.describe_key(KeyId=key)
        with scratch.client(account_id="000000000001") as other:
            assert other.list_keys()["Keys"] == []
            assert other.create_key()["KeyMetadata"]["AWSAccountId"] == "000000000001"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"region_name": "mars"}, "region_name is 'mars'"),
        ({"region_name": "us-east-1\n"}, "region_name is"),
        ({"account_id": "12"}, "account_id is '12'"),
        ({"account_id": "١٢٣٤٥٦٧٨٩٠١٢"}, "account_id is"),
        ({"principal": "administrator"}, "principal is 'administrator'"),
        ({"principal": "lambda.amazonaws.com"}, "principal is 'lambda.amazonaws.com'"),
        *(
            ({"principal": f"arn:aws:{resource}"}, "it must be the ARN of an account's root, a user")
            for resource in (
                "iam::123456789012:group/readers",
                "iam::123456789012:user",
                "iam::123456789012:user/",
                "iam::123456789012:user//ana",
                "iam::123456789012:root/ana",
                "iam::123456789012:assumed-role/app/one",
                "sts::123456789012:user/ana",
                "sts::123456789012:root",
                "sts::123456789012:assumed-role/app",
                "sts::123456789012:assumed-role/app/one/two",
                "sts::123456789012:federated-user/",
                "sts::123456789012:federated-user/ana\n",
            )
        ),
        ({"session_policies": ["{}"]}, "session_policies and session_tags are for a role's session"),
        (
            {"session_tags": {"team": "red"}, "principal": "arn:aws:iam::123456789012:user/ana"},
            "session_policies and session_tags are for a role's session",
        ),
        (
            {"session_policies": ["{}"], "principal": "arn:aws:sts::123456789012:federated-user/ana"},
            "Syntax errors in policy",
        ),
        ({"principal": "arn:aws:iam::123456789012:root", "account_id": "000000000001"}, "is not of account_id"),
    ],
)
def test_malformed_caller_is_refused_before_a_store_is_made(
    scratch: ScratchStore, arguments: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        scratch.client(**arguments)
    assert not scratch.home.exists()


def test_other_services_are_refused() -> None:
    with pytest.raises(ValueError, match="service_name is 's3'"):
        kmscore.client("s3")  # type: ignore[arg-type]


def test_principal_without_a_policy_is_denied(key: str, scratch: ScratchStore) -> None:
    with (
        scratch.client(principal="arn:aws:iam::123456789012:user/nobody") as nobody,
        pytest.raises(nobody.exceptions.AccessDeniedException, match="user/nobody is not authorized to perform: kms:"),
    ):
        nobody.encrypt(KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize(
    "principal",
    [
        "sts::123456789012:federated-user/ana",
        "sts::123456789012:assumed-role/app/one",
        "iam::123456789012:user/a/b/ana",
    ],
)
def test_key_policy_can_name_any_principal(kms: KMSClient, scratch: ScratchStore, principal: str) -> None:
    arn = f"arn:aws:{principal}"
    allow = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    named = ["arn:aws:iam::123456789012:root", arn]
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Principal": {"AWS": named}}]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kmscore.PolicyWarning)
        key_id = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    with scratch.client(principal=arn) as named_one:
        named_one.describe_key(KeyId=key_id)


def test_pickled_client_of_a_session_keeps_its_bounds(key: str, scratch: ScratchStore) -> None:
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]}
    session = "arn:aws:sts::123456789012:assumed-role/app/one"
    with (
        scratch.client(principal=session, session_policies=[json.dumps(deny)]) as kms,
        pickle.loads(pickle.dumps(kms)) as copy,  # noqa: S301 - it was made in this test.
        pytest.raises(copy.exceptions.AccessDeniedException, match="explicit deny in a session policy"),
    ):
        copy.describe_key(KeyId=key)


def test_principal_brings_its_account(scratch: ScratchStore) -> None:
    with scratch.client(principal="arn:aws:iam::000000000001:root") as kms:
        assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == "000000000001"


# -- opening, closing, dropping ---------------------------------------------------------------------------------------


def test_client_makes_a_store_only_when_it_may(scratch: ScratchStore) -> None:
    with pytest.raises(StoreError, match="there is no store in .*; run `kmscore init`"):
        scratch.client(create=False)
    scratch.client().close()
    scratch.client(create=False).close()


def test_closed_client_refuses_and_closes_again(kms: KMSClient, key: str) -> None:
    kms.close()
    kms.close()
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.encrypt_batch(KeyId=key, Plaintexts=[b"x"]),
        lambda: kms.call_json("ListKeys", b"{}"),
    ):
        with pytest.raises(StoreError, match="this client is closed"):
            call()


def test_closing_one_client_leaves_others_their_store(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    scratch.client().close()
    kms.encrypt(KeyId=key, Plaintext=b"x")


def test_dropped_client_gives_up_the_store(scratch: ScratchStore) -> None:
    kms = scratch.client()
    embedded = kms._connection._embedded
    del kms
    gc.collect()
    with pytest.raises(StoreError, match="closed"):
        embedded.engine.segments()


def test_client_dropped_while_a_store_is_opened_is_closed_afterwards(
    scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = [scratch.client()]
    engine = doomed[0]._connection.engine
    opening = Embedded.open

    def open_and_collect(*arguments: Any, **options: Any) -> Embedded:
        embedded = opening(*arguments, **options)
        doomed.clear()
        gc.collect()
        engine.segments()
        return embedded

    monkeypatch.setattr(Embedded, "open", open_and_collect)
    elsewhere = scratch.home.with_name("elsewhere")
    with kmscore.client("kms", home=elsewhere), pytest.raises(StoreError, match="closed"):
        engine.segments()


def test_client_is_used_by_many_threads(kms: KMSClient, key: str) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(200):
                blob = kms.encrypt(KeyId=key, Plaintext=str(number).encode())["CiphertextBlob"]
                assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == str(number).encode()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_forked_child_opens_the_store_for_itself(kms: KMSClient, key: str) -> None:
    kms.encrypt(KeyId=key, Plaintext=b"parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            blob = kms.encrypt(KeyId=key, Plaintext=b"child")["CiphertextBlob"]
            rows = kms.decrypt_batch(CiphertextBlobs=[blob])
            status = 0 if rows == [b"child"] and kms.list_keys()["Keys"] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    kms.encrypt(KeyId=key, Plaintext=b"parent")


def test_moved_clock_ends_a_key(scratch: ScratchStore) -> None:
    clock = Clock()
    with scratch.client(clock=clock) as kms:
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        advance(clock, days=6, hours=23)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        advance(clock, hours=1, seconds=1)
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=key)


def test_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        advance(Clock(), days=-1)


# -- what a client shows ----------------------------------------------------------------------------------------------


def test_repr_and_pickle_hold_place_and_caller_only(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    assert repr(kms) == f"<kmscore.KMSClient us-east-1 arn:aws:iam::123456789012:root at {scratch.home.resolve()}>"
    pickled = pickle.dumps(kms)
    assert len(pickled) < 400
    with pickle.loads(pickled) as copy:  # noqa: S301 - it was made in this test.
        assert repr(copy) == repr(kms)
        copy.encrypt(KeyId=key, Plaintext=b"x")


def test_pickle_does_not_carry_a_passphrase(scratch: ScratchStore) -> None:
    with scratch.client(passphrase=lambda: bytearray(b"correct horse")) as kms:
        assert b"correct horse" not in pickle.dumps(kms)


def test_pickled_client_does_not_make_a_store_elsewhere(kms: KMSClient, scratch: ScratchStore) -> None:
    pickled = pickle.dumps(kms)
    kms.close()
    scratch.home.rename(scratch.home.with_name("moved"))
    with pytest.raises(StoreError, match="there is no store"):
        pickle.loads(pickled)  # noqa: S301 - it was made in this test.


def test_meta_tells_service_and_methods(kms: KMSClient) -> None:
    theirs = boto3_client().meta
    assert kms.meta.region_name == "us-east-1"
    assert kms.meta.partition == "aws"
    assert kms.meta.service_model.service_name == theirs.service_model.service_name
    assert kms.meta.service_model.api_version == theirs.service_model.api_version
    assert sorted(kms.meta.service_model.operation_names) == sorted(theirs.service_model.operation_names)
    assert kms.meta.method_to_api_mapping == theirs.method_to_api_mapping


def test_import_is_quick_enough_to_load_no_heavy_library() -> None:
    heavy = ("numpy", "pyarrow", "boto3", "sqlalchemy")
    program = f"import sys, kmscore; kmscore.client; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
