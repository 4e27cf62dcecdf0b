"""The Rust engine. Private: `kmscore.client` is the public face."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, final

from typing_extensions import Buffer

__version__: str

# -- errors of the store and the key hierarchy (KMS errors are in kmscore.errors) -------------------------------------------

class StoreError(Exception):
    """The store cannot be used; the text names the cause and what to do."""

class RootKeyError(StoreError):
    """The root key is missing, malformed, open to others, or not this store's."""

class IntegrityError(StoreError):
    """A row, a sealed record, the anchor or an audit segment is not what kmscore wrote."""

class RollbackError(StoreError):
    """The store is older than its anchor."""

class ForkedError(StoreError):
    """The engine belongs to the parent process; open a new one."""

class BackupError(StoreError):
    """A backup cannot be read: damaged, or not this passphrase or recipient key."""

class ParameterError(TypeError):
    """A member of a request is unknown, missing or of a wrong type (what botocore calls ParamValidationError)."""

class EnvelopeError(Exception):
    """A message cannot be made or opened."""

class DecryptionError(EnvelopeError):
    """The message does not decrypt. The one error for every cause: telling causes apart would help an attacker."""

class MessageFormatError(EnvelopeError):
    """The bytes are no message that can be read, by their public structure alone; the text names the rule."""

class CommitmentPolicyError(EnvelopeError):
    """The commitment policy refuses the algorithm suite."""

class KeyringError(EnvelopeError):
    """A keyring gave no data key; the text says what it was asked for and why it could not."""

# -- facts -------------------------------------------------------------------------------------------------------------------

def error_codes() -> dict[str, int]:
    """Error code -> HTTP status, for every error a caller can see."""

def operations() -> list[dict[str, Any]]:
    """The 56 declarations: name, built, body, read_only, dry_run, resource, actions, states, usage, errors, input, output
    (nested dicts of members with their kinds and bounds)."""

def key_specs() -> list[dict[str, Any]]:
    """The 20 rows: spec, is_key_pair, default_usage, usages ({usage: [algorithms]})."""

def key_spec_fault(spec: str, region: str | None = None) -> str | None:
    """Why keys of a spec cannot be made in this build and Region, or in this build at all; None when they can.

    It is the end of a sentence."""

@final
class PublicKey:
    """The public half of a key pair, to be used without a store."""

    def __new__(cls, der: Buffer) -> PublicKey:
        """Read a SubjectPublicKeyInfo (RFC 5280) in its one DER form. ValueError when it is none of a key spec."""
    @property
    def key_spec(self) -> str | None: ...
    def to_der(self) -> bytes: ...
    def verify(self, message: Buffer, signature: Buffer, *, signing_algorithm: str, message_type: str = "RAW") -> bool:
        """Whether the signature belongs to the message. ValueError when key, algorithm and message do not go together."""
    def signature_lengths(self, signing_algorithm: str) -> tuple[int, int]:
        """The fewest and the most bytes that a signature has. ValueError when the key has another algorithm."""
    def wrap_rsa(
        self, data_key: DataKey, encryption_algorithm: str, key_arn: str, encryption_context: dict[str, str]
    ) -> EncryptedDataKey:
        """A data key, encrypted to the holder of an RSA key. ValueError when the key has another algorithm."""
    def wrap_ml_kem(self, data_key: DataKey, key_arn: str, encryption_context: dict[str, str]) -> EncryptedDataKey:
        """A data key, encrypted to the holder of an ML-KEM key. ValueError when the key is another."""

def crypto_module() -> dict[str, Any]:
    """What the library that does the cryptography says of itself: name ("AWS-LC", "AWS-LC FIPS"), version, fips_mode."""

def decide_policy(question: str) -> str:
    """Decide a question that is written down whole, as JSON: action, resource, owner (account or null), principal, context (texts and
    lists), key_policy (text), identity, boundary, session, service_control, resource_control, vpc_endpoint ({name, document} or lists
    of them), granted (grant id), grantee. Lists
    of service_control and resource_control are levels. The answer: allowed, message (AWS's), explanation, and the policy and
    statement that decided (null where none did). Raises ValueError."""

def managed_policies() -> list[tuple[str, str]]:
    """Names and texts of the AWS managed policies that kmscore has."""

def policy_unknowns(document: str, kind: str) -> tuple[list[str], list[str]]:
    """Actions and, in lower case, condition keys of a policy that AWS KMS does not know. Raises ValueError."""

def policy_vocabulary() -> dict[str, Any]:
    """`actions`: those of KMS; `condition_keys`: name to type (Text, Arn, Bool, Number, Date, Address)."""

def policy_fault(document: str, kind: str) -> str | None:
    """Why a policy is refused. Kinds: key, identity, session, boundary, service_control, resource_control, vpc_endpoint, trust."""

def policy_principals(document: str, kind: str) -> list[str]:
    """The principals that a policy names, as it writes them. Raises ValueError where `policy_fault` has something to say."""

def default_key_policy(account: str, region: str) -> str:
    """The key policy that CreateKey attaches when none is given, pretty-printed as AWS KMS returns it."""

def file_system_kind(path: str) -> tuple[str, bool]:
    """(name, coherent): `coherent` is False on NFS, CIFS, FUSE, 9p and virtiofs, whose shared memory is not."""

def disable_core_dumps() -> None:
    """Set RLIMIT_CORE to 0 and PR_SET_DUMPABLE to 0 for this whole process."""

def random_bytes(count: int) -> bytes: ...
def check_request_quotas(rates: Mapping[str, Mapping[str, float]]) -> None:
    """ValueError unless these are classes of calls, each with a rate for `default` and for Regions."""

def check_data_key_pairs(sizes: dict[str, int]) -> None:
    """ValueError unless these are key specs of data key pairs, and numbers of them that an engine keeps."""

def new_key_id(multi_region: bool = False) -> str:
    """A UUID, or `mrk-` and 32 hex digits."""

# -- keys at rest ------------------------------------------------------------------------------------------------------------

@final
class RootKey:
    """A root key in locked memory. It wraps domain keys and nothing else."""

    @staticmethod
    def create_file(path: str) -> RootKey:
        """Draw a root key and write it to a new file of mode 0600, synced with its folder."""
    @staticmethod
    def from_file(path: str) -> RootKey:
        """Read a key file. Raises RootKeyError: missing, malformed, not ours, or readable by others."""
    @staticmethod
    def from_passphrase(passphrase: bytearray, *, salt: bytes, memory_kib: int, passes: int, lanes: int) -> RootKey:
        """Argon2id (RFC 9106). The bytearray is wiped."""
    key_id: str
    """32 hex digits, KDF(root key, "kmscore key id")."""

@final
class KeyHierarchy:
    """Root key -> domain key -> sealed records and row MACs of one store."""

    @staticmethod
    def create(root: RootKey, store_id: bytes) -> tuple[KeyHierarchy, list[dict[str, Any]]]:
        """A new hierarchy and the rows of `domain_keys` to store:
        dicts of domain_key_id (32 hex), purpose ("records" or "audit"), version (1), root_key_id, sealed (bytes)."""
    @staticmethod
    def open(root: RootKey, store_id: bytes, rows: Sequence[Mapping[str, Any]]) -> KeyHierarchy:
        """Raises RootKeyError when the rows were sealed under another root key, IntegrityError when they are damaged."""
    domain_key_id: str
    store_id: bytes
    def new_grant_token(self, region: str, key_id: str, grant_id: str) -> str:
        """A fresh token of a grant, which only this store can have made."""
    def open_grant_token(self, token: str) -> tuple[str, str, str] | None:
        """Region, key id and grant id of a token; None when this store did not make it."""
    def row_mac(self, table: str, row: Mapping[str, int | str | bytes | None]) -> bytes:
        """32 bytes over the row's canonical content (docs/formats.md)."""
    def check_row(self, table: str, row: Mapping[str, int | str | bytes | None], mac: bytes) -> None:
        """Constant-time comparison. Raises IntegrityError naming the table and the row's first column values (no secrets)."""
    def new_material(self, binding: Mapping[str, str]) -> tuple[str, bytes]:
        """Draw key material for binding["spec"] and seal it: (material id as 64 hex digits, sealed record).

        The caller gives account, region, table, row, column, record_version, key_id, spec, usage, origin;
        store, domain_key and material_id are added here. Other threads run meanwhile: RSA takes up to seconds."""
    def reseal(self, source: Mapping[str, str], target: Mapping[str, str], material_id: str, sealed: bytes) -> bytes:
        """The sealed record of the same key material, bound to another row: of a related key, or another record version.
        Raises IntegrityError when the record is not that of `source`."""
    def new_import_parameters(
        self, binding: Mapping[str, str], wrapping_algorithm: str, wrapping_key_spec: str, now: int
    ) -> tuple[bytes, bytes, int]:
        """(import token, public key, microseconds until which both are good) for the key of binding's account, region,
        key_id and spec. The private key is sealed in the token. Raises UnsupportedOperationException."""
    def unwrap_import(
        self, token: bytes, encrypted: bytes, binding: Mapping[str, str], now: int
    ) -> tuple[str, bytes]:
        """(material id, sealed record) of wrapped key material. Raises InvalidImportTokenException,
        ExpiredImportTokenException, InvalidCiphertextException, IncorrectKeyMaterialException."""
    def succeed(self, root: RootKey, rows: Sequence[Mapping[str, Any]]) -> tuple[KeyHierarchy, dict[str, Any]]:
        """The hierarchy under a fresh domain key, and the row of `domain_keys` that takes the place of the old one's."""
    def move_material(self, to: KeyHierarchy, binding: Mapping[str, str], material_id: str, sealed: bytes) -> bytes:
        """Seal key material under the domain key of another hierarchy of the same store."""
    def move_secret(self, to: KeyHierarchy, binding: Mapping[str, str], sealed: bytes) -> bytes:
        """Seal any other secret of a row under the domain key of another hierarchy of the same store."""
    def check_material(self, binding: Mapping[str, str], material_id: str, sealed: bytes) -> None:
        """Open and forget. Raises IntegrityError (used by `doctor` and by backup --verify)."""
    def new_secret_access_key(self, binding: Mapping[str, str]) -> tuple[str, bytes]:
        """A 40-character secret access key, shown once, and its sealed record (kind 05)."""
    def seal_custom_key_store(self, binding: Mapping[str, str], secret: str) -> bytes:
        """The sealed record (kind 08) of the secret with which a custom key store is reached, bound to account, region, table, row,
        column, record_version."""
    def close(self) -> None:
        """Wipe the keys; later calls raise StoreError."""
    def read_anchor(self, path: str) -> dict[str, Any] | None:
        """{"store", "epoch", "state", "segments": {id: [lines, tag hex]}}; None when absent; IntegrityError when damaged."""
    def write_anchor(self, path: str, *, epoch: int, state: int, segments: Mapping[str, tuple[int, str]], force: bool = False) -> None:
        """Merge under a file lock: the state never goes down, unless `force`. Replaced whole (write, rename)."""

def write_backup(
    database: str, target: str, root: RootKey, store_id: bytes, rows: Sequence[Mapping[str, Any]], *, passphrase: bytearray | None = None, recipient: str | None = None
) -> None:
    """Encrypt a database snapshot and the domain keys into one new file of mode 0600. Exactly one of passphrase and recipient."""

def read_backup(
    source: str, target: str | None, new_root: RootKey | None, *, passphrase: bytearray | None = None, identity_file: str | None = None
) -> dict[str, Any]:
    """Check every byte; with `target` also write the database there (new file) and wrap the domain keys under `new_root`.

    Returns {"store_id": bytes, "created": float, "database_bytes": int, "rows": [...]}. Raises BackupError; a failed read leaves no target."""

def new_backup_identity(path: str) -> str:
    """Write a recipient's private key to a new file of mode 0600; returns the recipient (public) string."""

# -- consistency -------------------------------------------------------------------------------------------------------------

@final
class StateCounter:
    """The shared-memory counter beside the store: a seqlock hint that says whether `head.state` may have moved."""

    def __new__(cls, path: str) -> StateCounter: ...
    def begin(self) -> int:
        """Make it odd (only inside BEGIN IMMEDIATE, just before COMMIT). Returns the odd value, for `end`. An odd value left
        by a dead writer, or by one still between COMMIT and `end`, is raised to the next odd value."""
    def end(self, value: int) -> None:
        """Make it even, if it still is `value`; after COMMIT and after ROLLBACK alike."""
    def load(self) -> int: ...

@final
class Clock:
    """The one source of time. `advance` is for tests."""

    def __new__(cls) -> Clock: ...
    def now(self) -> float:
        """Seconds since 1970, never below the highest time seen."""
    def seen(self, time: float) -> None:
        """Raise the floor: the store's `head.time_seen`."""
    def advance(self, seconds: float) -> None: ...

# -- the engine --------------------------------------------------------------------------------------------------------------

class StorePort(Protocol):
    """What the engine asks of a store. Called with the GIL held, on any thread, never under a Rust lock."""

    def head_state(self) -> int:
        """`head.state` now: one quick read."""
    def changes_since(self, state: int) -> tuple[int, list[tuple[str, str]] | None]:
        """(state now, [(kind, id), …]); None in place of the list: too long ago, forget everything.
        kind "key": id "region/key_id"; kind "alias": id "account/region/alias name"; kind "identity": id "account". Checks the head's MAC."""
    def load_key(self, region: str, key_id: str) -> dict[str, Any] | None:
        """The key's verified row, after everything due was done to it: account, region, key_id, spec, usage, origin, state,
        primary_region (None: no multi-Region key), aws_managed (bool), due (microseconds or None), tags and aliases (lists), policy
        (text of "default"), materials: list of {material_id (64 hex), sealed (bytes), current (bool), record_version}."""
    def load_grants(self, region: str, key_id: str, grantees: list[str]) -> list[dict[str, Any]]:
        """The verified grants of a key to any of these principals: grant_id, grantee, retiring, issuing_account, operations (list),
        context_equals, context_subset (lists of pairs or None), source_arn."""
    def load_grant(self, region: str, key_id: str, grant_id: str) -> dict[str, Any] | None:
        """One verified grant of a key."""
    def load_identity(self, account: str, kind: str, name: str) -> dict[str, Any]:
        """A principal and its account: exists (bool), unique_id, path, tags (pairs), organization, policies (list of (purpose, name,
        document or None))."""
    def load_alias(self, account: str, region: str, name: str) -> str | None:
        """The verified target key id."""
    def make_managed_key(self, account: str, region: str, name: str) -> bool:
        """Make the AWS managed key of an alias, unless there is one already. False: no AWS service has this alias."""
    def custom_key_store(self, account: str, region: str, store_id: str) -> tuple[str, str] | None:
        """Type and connection state, now, of a verified custom key store."""
    def open_segment(self, segment_id: str, start_state: int) -> None:
        """Register an audit segment before its first record."""
    def handle(self, call: ControlCall) -> dict[str, Any]:
        """Run a control-plane operation. Returns the response (timestamps as float). Raises kmscore.errors.* or StaleState.
        Mutating operations call `call.commit_audit` in the order the consistency protocol says."""

class StaleState(Exception):
    """head.state moved since the pipeline decided: run again from resolve."""

@final
class ControlCall:
    """What a control-plane handler is given. The pipeline has validated, resolved, authorised and checked the key's state."""

    operation: str
    request: dict[str, Any]
    """Members as the caller sent them, of the declared kinds (blobs as bytes, timestamps as float)."""
    account: str
    region: str
    caller_arn: str
    request_id: str
    now: float
    decided_state: int
    """`head.state` the decision rests on. A mutating transaction raises StaleState when any of its keys or aliases, or an identity, changed since."""
    keys: list[dict[str, str]]
    """The resolved keys in the order of the declaration's resource (key_id, account, region, arn, state, spec, usage, origin)."""
    read_only: bool
    strict: bool
    """Exactly AWS's behaviour, without kmscore's leniency."""
    principals: list[str]
    """Every name under which a grant may mean the caller, the narrowest first: session, role, user, account root, account."""
    granted: str | None
    """The grant by which the caller was admitted, if it was by one."""
    via_service: str | None
    """`kms:ViaService` of the call."""
    def require(self, action: str, resource: str, region: str | None = None) -> None:
        """Authorise something else than the operation's own action, by the caller's own policies alone. Raises AccessDeniedException."""
    def check_policy(self, document: str, key_arn: str, *, bypass: bool = False) -> None:
        """Check a new key policy and that the caller can replace it again. Raises MalformedPolicyDocumentException,
        LimitExceededException."""
    def audit_record(self, response: Mapping[str, Any] | None, state: int) -> str:
        """The JSON of the success record, for the outbox row, inside the transaction; `state` is the new head.state."""
    def append_audit(self, record: str) -> None:
        """Copy the outbox record into the segment, after COMMIT and after the counter is even. The pipeline does not record
        a success again when this was called."""

@final
class Caller:
    """Who calls: an account, a principal ARN and the Region the call is for."""

    def __new__(cls, account: str, arn: str, region: str, facts: dict[str, Any] | None = None) -> Caller:
        """`facts`: what the door knows of the call, which conditions of policies may ask for; all may be absent: access_key_id,
        source_ip, source_vpc, source_vpce, secure_transport, user_agent, mfa_present, mfa_time, token_issue_time (microseconds),
        via_service, called_via (list), source_arn, source_account, session_tags (pairs), session_policies (texts),
        vpc_endpoint_policy."""
    account: str
    arn: str
    region: str

@final
class Engine:
    """The pipeline over one store."""

    def __new__(
        cls,
        *,
        hierarchy: KeyHierarchy,
        root: RootKey,
        domain_rows: Sequence[Mapping[str, Any]],
        store: StorePort,
        counter: StateCounter,
        clock: Clock,
        audit_directory: str,
        anchor_path: str,
        epoch: int,
        audit_mode: str = "write",
        key_cache_bytes: int = ...,
        strict: bool = False,
        data_key_pairs: dict[str, int] | None = None,
        quotas: dict[str, dict[str, float]] | None = None,
    ) -> Engine:
        """`root` is used to start the audit session and is not kept. audit_mode: "write", "fsync" or "off".

        data_key_pairs: how many data key pairs of which key specs a thread keeps ready. quotas: requests a second of each class of
        calls, for `default` and for Regions; None: calls are not counted."""
    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """One operation, boto3's shapes both ways (datetime for timestamps). Raises kmscore.errors.<Code>, ParameterError, ForkedError."""
    def call_json(self, operation: str, body: bytes, caller: Caller) -> tuple[int, bytes, str]:
        """The AWS JSON 1.1 door: (HTTP status, body, request id). KMS errors are answers, not exceptions."""
    def encrypt_rows(
        self, key_id: str, rows: list[bytes], context: Mapping[str, str], caller: Caller, *, threads: int
    ) -> tuple[list[bytes | None], list[tuple[int, str, str]]]:
        """list[bytes] -> list[bytes]; (results, [(index, code, message), …]). A failed row is None; raising is the caller's."""
    def decrypt_rows(
        self, key_id: str | None, rows: list[bytes], context: Mapping[str, str], caller: Caller, *, threads: int
    ) -> tuple[list[bytes | None], list[tuple[int, str, str]]]: ...
    def encrypt_columns(
        self, key_id: str, data: Buffer, offsets: Buffer | int, out: Buffer, out_offsets: Buffer | None, context: Mapping[str, str], caller: Caller, *,
        threads: int, validity: Buffer | None = None,
    ) -> list[tuple[int, str, str]]:
        """Contiguous rows. `offsets`: int64 offsets (rows + 1), or the width of fixed-width rows. `out` has room for each row's
        plaintext + 117 bytes; rows follow each other without gaps, and their offsets are written to out_offsets (int64, rows + 1)
        when given. `validity`: one byte a row, 0 = null: skipped; it keeps its (zero) place in fixed-width output and takes no
        place otherwise. A row that fails keeps its place, zeroed."""
    def decrypt_columns(
        self, key_id: str | None, data: Buffer, offsets: Buffer | int, out: Buffer, out_offsets: Buffer | None, context: Mapping[str, str], caller: Caller, *,
        threads: int, validity: Buffer | None = None,
    ) -> list[tuple[int, str, str]]:
        """The reverse: each row's place is its blob's length - 117 (0 for what is too short to be a blob)."""
    def sign_rows(
        self, request: Mapping[str, str], messages: _Rows, caller: Caller, *, threads: int
    ) -> tuple[MadeRows, list[tuple[int, str, str]]]:
        """`request`: KeyId, SigningAlgorithm, MessageType. A null and a row that failed have no result."""
    def mac_rows(
        self, request: Mapping[str, str], messages: _Rows, caller: Caller, *, threads: int
    ) -> tuple[MadeRows, list[tuple[int, str, str]]]:
        """`request`: KeyId, MacAlgorithm. As sign_rows."""
    def verify_rows(
        self, request: Mapping[str, str], messages: _Rows, signatures: _Rows, caller: Caller, *, threads: int
    ) -> tuple[bytes, bytes | None, list[tuple[int, str, str]]]:
        """`request`: as for sign_rows. One byte a row: whether its signature is right; one byte a row, 0 where either is null or
        the row failed (None: nowhere). Raises ValueError when there are not as many signatures as messages."""
    def generate_data_key(
        self, key_id: str, encryption_context: dict[str, str], grant_tokens: list[str], caller: Caller
    ) -> tuple[DataKey, str, bytes]:
        """GenerateDataKey of 32 bytes: (data key, key ARN, ciphertext blob)."""
    def encrypt_data_key(
        self, key_id: str, key: DataKey, encryption_context: dict[str, str], grant_tokens: list[str], caller: Caller
    ) -> tuple[str, bytes]:
        """Encrypt, of a data key: (key ARN, ciphertext blob)."""
    def decrypt_data_key(
        self, key_id: str, ciphertext: bytes, encryption_context: dict[str, str], grant_tokens: list[str], caller: Caller
    ) -> tuple[DataKey, str]:
        """Decrypt, of a data key: (data key, key ARN)."""
    def decrypt_rsa_data_key(
        self,
        key_id: str,
        ciphertext: bytes,
        encryption_algorithm: str,
        encryption_context: dict[str, str],
        grant_tokens: list[str],
        caller: Caller,
    ) -> tuple[DataKey, str]:
        """Decrypt, of a data key under RSA: (data key, key ARN). DecryptionError if it is bound to another context."""
    def decapsulate_data_key(
        self,
        key_id: str,
        encrypted: EncryptedDataKey,
        encryption_context: dict[str, str],
        grant_tokens: list[str],
        caller: Caller,
    ) -> tuple[DataKey, str]:
        """Decapsulate, for a data key under ML-KEM: (data key, key ARN). DecryptionError, whatever does not agree."""
    def segments(self) -> dict[str, tuple[int, str]]:
        """Heads of the segments this process wrote: id -> (lines, tag hex)."""
    def append_recovered(self, record: str) -> None:
        """At open: an outbox record of a dead process that never reached its segment."""
    def health(self) -> dict[str, Any]: ...
    def close(self) -> None:
        """Wipe all keys, write the anchor. Later calls raise StoreError."""

def tally_segment(path: str, offset: int) -> dict[str, Any]:
    """Count the whole lines of an audit segment from a place on: {"offset": where they end, "lines", "unreadable",
    "counts": [((minute, account, region, key ARN), (operation, pair spec, service, also), (succeeded, failed, throttled)), …],
    "last_uses": [(key ARN, operation, microseconds, line, request id, account), …]}. Rows of a batch count as calls."""

def blob_trace(blob: bytes) -> str | None:
    """What audit records call a symmetric ciphertext blob (`blob`): 16 hex digits; None for what has another form."""

def verify_segment(path: str, root: RootKey, store_id: bytes, domain_rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Check one audit segment: {"segment", "start_state", "lines", "tags": 32 bytes a good line, "torn": bool, "bad_line": int | None, "reason": str | None}."""

def blob_lengths(
    data: Buffer, offsets: Buffer | int, *, encrypts: bool, validity: Buffer | None = None
) -> tuple[int, int]:
    """Bytes of all results of encrypt_columns or decrypt_columns, and of the longest."""

_Rows: TypeAlias = list[bytes] | tuple[Buffer, Buffer | int, Buffer | None]
"""Separate rows, or data, offsets and validity of contiguous ones as encrypt_columns takes them."""

@final
class MadeRows:
    """Signatures or MACs that have no place in Python's memory yet."""

    def lengths(self) -> tuple[int, int]:
        """Bytes of all results, and the most that one may have: of fixed length, what each has."""
    def to_list(self) -> list[bytes | None]: ...
    def write(self, out: Buffer, out_offsets: Buffer | None = None) -> None:
        """Contiguous results. With out_offsets (int64, rows + 1) they follow each other without gaps; without, all have one width,
        and rows that have no result a place of zeros."""

def signatures_vary(signing_algorithm: object) -> bool:
    """Whether signatures of the algorithm have more than one length, whatever the key. False if there is no such algorithm."""

# -- envelope: kmscore.envelope is the public face ---------------------------------------------------------------------------

@final
class DataKey:
    """A data key: 32 bytes in locked memory, wiped on drop and in a forked child. It is never shown."""

    @staticmethod
    def random() -> DataKey:
        """A fresh one."""
    @staticmethod
    def from_bytes(key: Buffer) -> DataKey:
        """One that a key service returned. Raises ValueError if it has not 32 bytes. Python never wipes what was given."""
    def dangerous_bytes(self) -> bytes:
        """The key itself, for a key service that must encrypt it. Python never wipes the result."""

@final
class EncryptedDataKey:
    """A data key, encrypted by a keyring."""

    def __new__(cls, provider_id: str, provider_info: bytes, ciphertext: bytes) -> EncryptedDataKey: ...
    provider_id: str
    """Who encrypted it: `aws-kms`, `aws-kms-rsa`, `kmscore-ml-kem`, or a raw keyring's namespace."""
    provider_info: bytes
    """Which key of theirs: a key ARN in UTF-8, or what a raw keyring needs to find it."""
    ciphertext: bytes
    def __eq__(self, other: object, /) -> bool: ...

@final
class RawAesKey:
    """An AES key of 16, 24 or 32 bytes that wraps data keys, under its namespace and name."""

    def __new__(cls, namespace: str, name: str, wrapping_key: Buffer) -> RawAesKey: ...
    def wrap(self, data_key: DataKey, encryption_context: dict[str, str]) -> EncryptedDataKey: ...
    def made(self, encrypted: EncryptedDataKey) -> bool:
        """Whether it says that it is of this key."""
    def unwrap(self, encrypted: EncryptedDataKey, encryption_context: dict[str, str]) -> DataKey:
        """Raises DecryptionError, whatever the cause."""

def unwrap_rsa(plaintext: Buffer, encryption_context: dict[str, str]) -> DataKey:
    """The data key in what a key service decrypted. DecryptionError if it is bound to another encryption context."""

def ml_kem_ciphertext(encrypted: EncryptedDataKey) -> bytes:
    """The ML-KEM ciphertext in an encrypted data key. DecryptionError when it is of a length that none has."""

def unwrap_ml_kem(shared_secret: Buffer, encrypted: EncryptedDataKey, encryption_context: dict[str, str]) -> DataKey:
    """The data key under what a key service decapsulated. DecryptionError, whatever does not agree."""

def decryption_error() -> DecryptionError:
    """The one error of every message that does not decrypt, to be raised by keyrings."""

@final
class EncryptionRequest:
    """What a message shall be, before there is a key for it."""

    def __new__(
        cls,
        algorithm_suite: int,
        encryption_context: dict[str, str] | None,
        required_keys: list[str],
        commitment_policy: str,
        max_encrypted_data_keys: int | None,
    ) -> EncryptionRequest: ...
    is_signed: bool
    def keyring_context(self) -> dict[str, str]:
        """What the data key must be bound to. For a signed message this makes a fresh key pair and names the public key."""
    def materials(self, data_key: DataKey, encrypted: list[EncryptedDataKey]) -> EncryptionMaterials:
        """Puts together what a keyring gave for `keyring_context`, which must have been called before."""

@final
class EncryptionMaterials:
    """Everything that messages of one data key share."""

    def message_length(self, plaintext: int, frame_length: int) -> int:
        """Bytes of a message with a plaintext of this length."""

@final
class MessageHeader:
    """The header of a message."""

    @staticmethod
    def read(
        message: Buffer, commitment_policy: str, max_encrypted_data_keys: int | None, encryption_context: dict[str, str] | None
    ) -> MessageHeader:
        """Of a message that is to be decrypted. Raises MessageFormatError, CommitmentPolicyError, DecryptionError."""
    @staticmethod
    def inspect(message: Buffer) -> MessageHeader:
        """Of a message of any suite, to be shown."""
    @staticmethod
    def measure(data: Buffer, max_encrypted_data_keys: int | None) -> int | None:
        """Bytes of the header that `data` starts with; None when more are needed to tell."""
    algorithm_suite: int
    """The id, such as 0x0478."""
    algorithm_suite_name: str
    format_version: int
    """1 or 2."""
    is_signed: bool
    is_framed: bool
    frame_length: int
    """Bytes of plaintext in a frame; 0 if the body is one block."""
    message_id: bytes
    length: int
    """Bytes of the header."""
    encryption_context: dict[str, str]
    """The pairs that the header stores and those that the caller gave, with the public key of a signed message."""
    encrypted_data_keys: list[EncryptedDataKey]

@final
class FrameLayout:
    """Where frames lie in a message, by its length alone: a claim, until its final frame has been opened."""

    @staticmethod
    def of_length(header: MessageHeader, message: int, footer: int) -> FrameLayout | None:
        """Of a message of this length that ends in a footer of that length. None: there is no such message."""
    def is_said_by(self, last: bytes, footer: bytes) -> bool:
        """Whether the start of the final frame, and all that follows that frame, say the same."""
    def frame_at(self, index: int) -> int:
        """Where a frame begins in the message, from 0; the final one is number `regular`."""
    regular: int
    """How many regular frames."""
    frame_length: int
    """Bytes of plaintext in a regular frame."""
    last: int
    """Bytes of plaintext in the final frame."""
    plaintext_length: int
    end: int
    """Where the final frame ends in the message."""

def message_layout(message: Buffer, header: MessageHeader) -> tuple[int, int, int]:
    """Bytes of plaintext, number of frames (0: one block) and bytes of the footer, by the structure of a whole message."""

def encrypt_message(materials: EncryptionMaterials, data: Buffer, frame_length: int, threads: int) -> bytes: ...
def encrypt_message_into(
    materials: EncryptionMaterials, data: Buffer, out: Buffer, frame_length: int, threads: int
) -> int: ...
def decrypt_message(message: Buffer, header: MessageHeader, data_key: DataKey, threads: int) -> bytes: ...
def decrypt_message_into(message: Buffer, out: Buffer, header: MessageHeader, data_key: DataKey, threads: int) -> int: ...

@final
class MessageWriter:
    """A message that is written from front to back."""

    def __new__(cls, materials: EncryptionMaterials, frame_length: int) -> MessageWriter: ...
    def header(self) -> bytes: ...
    def seal(self, data: Buffer, out: Buffer, last: bool, threads: int) -> int:
        """Whole frames, or the last piece of any length, into `out`; returns the bytes written."""
    def sealed_length(self, plaintext: int, last: bool) -> int:
        """Bytes that `seal` writes."""
    def footer(self) -> bytes:
        """What stands after the final frame: a signature, or nothing."""

@final
class MessageReader:
    """A message whose key is proved: frames are opened as they come, or anywhere."""

    def __new__(cls, header: MessageHeader, data_key: DataKey) -> MessageReader:
        """Raises DecryptionError, or MessageFormatError for a message without frames."""
    def open(self, data: Buffer, out: Buffer, threads: int) -> tuple[int, int, bool]:
        """Opens the whole frames at the start of `data` into `out`, which needs no more room than `data` has.

        Returns bytes of the frames, bytes of their plaintext, and whether the final one is among them."""
    def hash(self, data: Buffer) -> None:
        """Hashes a piece of the body without opening it, for `verify`."""
    def verify(self, footer: bytes) -> None:
        """Checks what follows the final frame: a signature over everything before it, or nothing."""
    def open_at(self, first: int, data: Buffer, length: int, last: bool) -> bytes:
        """Opens whole regular frames numbered from `first` (from 1), or with `last` the final frame of that number."""

@final
class MaterialsCache:
    """Data keys that are used again, within limits."""

    def __new__(cls, max_age: float, max_messages: int, max_bytes: int, capacity: int) -> MaterialsCache: ...
    def encrypting(self, request: EncryptionRequest, messages: int, length: int) -> EncryptionMaterials | None:
        """Materials for so many more messages with this many bytes in all."""
    def keep_encrypting(
        self, request: EncryptionRequest, materials: EncryptionMaterials, messages: int, length: int
    ) -> None: ...
    def decrypting(self, header: MessageHeader) -> DataKey | None: ...
    def keep_decrypting(self, header: MessageHeader, key: DataKey) -> None: ...
    def statistics(self) -> tuple[int, int, int, int]:
        """Hits and misses encrypting, then decrypting."""
    def clear(self) -> None: ...

_Runs: TypeAlias = tuple[list[EncryptionMaterials], int, int]
"""Materials, how many rows each of them serves, and the frame length."""

def encrypt_messages(runs: _Runs, rows: list[bytes], threads: int) -> list[bytes | None]: ...
def messages_length(
    runs: _Runs, data: Buffer, offsets: Buffer | int, validity: Buffer | None = None
) -> tuple[int, int]:
    """Bytes of all messages of a column, and of the longest."""

def encrypt_message_columns(
    runs: _Runs, data: Buffer, offsets: Buffer | int, out: Buffer, out_offsets: Buffer | None, threads: int, validity: Buffer | None = None
) -> None:
    """Contiguous rows into contiguous messages; as Engine.encrypt_columns."""

@final
class MessageColumn:
    """A column of messages whose headers were read; rows that cannot be read fail when they are decrypted."""

    @staticmethod
    def of_rows(
        rows: list[bytes], commitment_policy: str, max_encrypted_data_keys: int | None, encryption_context: dict[str, str] | None
    ) -> MessageColumn: ...
    @staticmethod
    def of_column(
        data: Buffer,
        offsets: Buffer | int,
        commitment_policy: str,
        max_encrypted_data_keys: int | None,
        encryption_context: dict[str, str] | None,
        validity: Buffer | None = None,
    ) -> MessageColumn: ...
    def headers(self) -> list[MessageHeader]:
        """One for each data key that is needed."""
    def plaintext_lengths(self) -> tuple[int, int]:
        """Bytes of all plaintexts, and of the longest."""
    def decrypt_rows(
        self, rows: list[bytes], keys: list[DataKey | str], threads: int
    ) -> tuple[list[bytes | None], list[tuple[int, str, str]]]:
        """`keys`: for each header a data key, or why there is none (the empty text: it did not decrypt)."""
    def decrypt_columns(
        self,
        data: Buffer,
        offsets: Buffer | int,
        out: Buffer,
        out_offsets: Buffer | None,
        keys: list[DataKey | str],
        threads: int,
        width: int | None = None,
        validity: Buffer | None = None,
    ) -> list[tuple[int, str, str]]:
        """Contiguous messages into contiguous rows: all of one width, or where their offsets are wanted."""

def envelope_limits() -> dict[str, float]:
    """One reading, in seconds, of what the machine can do at best: for `kmscore bench`."""
