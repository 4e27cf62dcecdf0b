"""One class for each error code, in boto3's shape."""

import pickle

import botocore.exceptions
import botocore.session
import pytest

from kmscore import _core, errors
from kmscore.errors import BY_CODE, ClientError, KmsError


def test_every_code_of_the_engine_has_a_class_with_its_status() -> None:
    assert {code: kind.http_status for code, kind in BY_CODE.items()} == _core.error_codes()


def test_every_error_of_the_service_model_is_there() -> None:
    model = botocore.session.get_session().get_service_model("kms")
    assert {shape.name for shape in model.error_shapes} <= set(BY_CODE)


@pytest.mark.parametrize("code", sorted(_core.error_codes()))
def test_class_is_named_after_its_code_and_documented(code: str) -> None:
    kind = getattr(errors, code)
    assert kind.code == kind.__name__ == code
    assert issubclass(kind, KmsError)
    assert kind.__doc__


def test_error_is_raised_with_a_text_alone() -> None:
    error = errors.NotFoundException("Key 'x' does not exist")
    assert str(error) == "NotFoundException: Key 'x' does not exist"
    assert error.response["Error"] == {"Code": "NotFoundException", "Message": "Key 'x' does not exist"}


def test_attached_error_reads_and_is_shaped_as_botocores() -> None:
    error = errors.KMSInternalException("the disk is full")
    error.attach("Encrypt", "request-1")
    theirs = botocore.exceptions.ClientError(error.response, "Encrypt")
    assert str(error) == str(theirs)
    assert error.operation_name == theirs.operation_name
    assert error.response["ResponseMetadata"] == {
        "RequestId": "request-1",
        "HTTPStatusCode": 500,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }


def test_error_pickles() -> None:
    error = errors.DisabledException("key is disabled")
    error.attach("Encrypt", "request-1")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made in this test.
    assert type(copy) is errors.DisabledException
    assert (str(copy), copy.response) == (str(error), error.response)


def test_unknown_code_has_no_class() -> None:
    assert "NoSuchException" not in BY_CODE
    assert ClientError not in BY_CODE.values()
