//! A store in memory and an engine over it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kmscore::audit::Mode;
use kmscore::backend::software::{Software, binding};
use kmscore::backend::{Backend, ExportRefused, Material};
use kmscore::ciphertext::{BlobHeader, KeyId, MaterialId};
use kmscore::clock::Clock;
use kmscore::control::ControlCall;
use kmscore::engine::{Configuration, Engine, new_key_id};
use kmscore::error::{Error, Result};
use kmscore::hierarchy::{KeyHierarchy, WrappedKey};
use kmscore::identity::{GrantRow, IdentityRow};
use kmscore::key_entry::{KeyRow, MaterialRow};
use kmscore::lock::assert_none_held;
use kmscore::policy::{Caller, default_key_policy};
use kmscore::root_key::RootKey;
use kmscore::shapes;
use kmscore::spec::{KeySpec, Origin, State};
use kmscore::store::{Change, CustomKeyStoreRow, Handled, Refused, Store};
use kmscore::store_fault::StoreResult;
use kmscore::value::{Request, Response, Value};
use kmscore_crypto::Unspecified;
use kmscore_crypto::secret::SecretBytes;
use kmscore_sys::counter::SharedCounter;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn root_caller() -> Caller {
    caller(ACCOUNT, "arn:aws:iam::123456789012:root")
}

pub(crate) fn caller(account: &str, arn: &str) -> Caller {
    Caller::new(account.into(), arn.into(), REGION.into())
}

/// A store whose changes follow the consistency protocol.
pub(crate) struct MemoryStore {
    inner: Mutex<Inner>,
    counter: SharedCounter,
    pub(crate) loads: AtomicUsize,
    pub(crate) segments: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Inner {
    state: u64,
    keys: HashMap<KeyId, KeyRow>,
    aliases: HashMap<String, KeyId>,
    changes: Vec<(u64, Change)>,
}

impl MemoryStore {
    fn new(counter: SharedCounter) -> Self {
        Self {
            inner: Mutex::default(),
            counter,
            loads: AtomicUsize::new(0),
            segments: Mutex::default(),
        }
    }

    pub(crate) fn put_key(&self, row: KeyRow) {
        let change = Change::Key {
            region: row.region.to_string(),
            key_id: row.key_id,
        };
        self.write(change, |inner| drop(inner.keys.insert(row.key_id, row)));
    }

    pub(crate) fn set_state(&self, id: KeyId, state: State) {
        let change = Change::Key {
            region: REGION.into(),
            key_id: id,
        };
        self.write(change, |inner| {
            inner.keys.get_mut(&id).unwrap().state = state
        });
    }

    pub(crate) fn edit_key(&self, id: KeyId, edit: impl FnOnce(&mut KeyRow)) {
        let change = Change::Key {
            region: REGION.into(),
            key_id: id,
        };
        self.write(change, |inner| edit(inner.keys.get_mut(&id).unwrap()));
    }

    pub(crate) fn put_alias(&self, name: &str, id: KeyId) {
        let change = Change::Alias {
            account: ACCOUNT.into(),
            region: REGION.into(),
            name: name.into(),
        };
        self.write(change, |inner| {
            inner.aliases.insert(name.into(), id);
        });
    }

    fn write(&self, change: Change, edit: impl FnOnce(&mut Inner)) {
        let mut inner = self.inner.lock().unwrap();
        let odd = self.counter.begin();
        edit(&mut inner);
        inner.state += 1;
        let state = inner.state;
        inner.changes.push((state, change));
        self.counter.end(odd);
    }
}

impl Store for MemoryStore {
    fn head_state(&self) -> Result<u64> {
        assert_none_held();
        Ok(self.inner.lock().unwrap().state)
    }

    fn changes_since(&self, state: u64) -> Result<(u64, Option<Vec<Change>>)> {
        assert_none_held();
        let inner = self.inner.lock().unwrap();
        let changes = inner
            .changes
            .iter()
            .filter(|(at, _)| *at > state)
            .map(|(_, change)| change.clone());
        Ok((inner.state, Some(changes.collect())))
    }

    fn load_key(&self, region: &str, key_id: KeyId) -> Result<Option<KeyRow>> {
        assert_none_held();
        self.loads.fetch_add(1, Ordering::Relaxed);
        let inner = self.inner.lock().unwrap();
        Ok(inner
            .keys
            .get(&key_id)
            .filter(|row| &*row.region == region)
            .cloned())
    }

    fn load_alias(&self, _account: &str, _region: &str, name: &str) -> Result<Option<KeyId>> {
        assert_none_held();
        Ok(self.inner.lock().unwrap().aliases.get(name).copied())
    }

    fn load_grants(
        &self,
        _region: &str,
        _key_id: KeyId,
        _grantees: &[&str],
    ) -> Result<Vec<GrantRow>> {
        Ok(vec![])
    }

    fn load_grant(
        &self,
        _region: &str,
        _key_id: KeyId,
        _grant_id: &str,
    ) -> Result<Option<GrantRow>> {
        Ok(None)
    }

    fn load_identity(&self, _account: &str, _kind: &str, _name: &str) -> Result<IdentityRow> {
        Ok(IdentityRow::default())
    }

    fn make_managed_key(&self, _account: &str, _region: &str, _name: &str) -> Result<bool> {
        Ok(false)
    }

    fn custom_key_store(
        &self,
        _account: &str,
        _region: &str,
        _id: &str,
    ) -> Result<Option<CustomKeyStoreRow>> {
        Ok(None)
    }

    fn open_segment(&self, segment_id: &str, _start_state: u64) -> Result<()> {
        assert_none_held();
        self.segments.lock().unwrap().push(segment_id.to_owned());
        Ok(())
    }

    fn handle(
        &self,
        _call: ControlCall,
        _request: &Request,
    ) -> core::result::Result<Handled, Refused> {
        Err(Refused::With(Error::internal(
            "the store in memory has no handlers",
        )))
    }

    fn blocking(&self, wait: &mut (dyn FnMut() + Send)) {
        wait();
    }
}

/// An enabled key of the default policy, without material.
pub(crate) fn key_row(spec: KeySpec, key_id: KeyId) -> KeyRow {
    KeyRow {
        account: ACCOUNT.into(),
        region: REGION.into(),
        key_id,
        spec,
        usage: spec.row().usages[0].0,
        origin: Origin::AwsKms,
        state: State::Enabled,
        primary_region: None,
        aws_managed: false,
        due: None,
        tags: vec![],
        aliases: vec![],
        policy: default_key_policy(ACCOUNT, REGION),
        materials: vec![],
    }
}

/// A backend like a token's: it makes and uses keys, and never gives one out.
#[derive(Default)]
pub(crate) struct Token {
    keys: Mutex<HashMap<KeyId, Arc<TokenKey>>>,
}

struct TokenKey {
    id: MaterialId,
    soft: Arc<dyn Material>,
}

impl Token {
    /// Makes a key inside; only its material id comes out.
    fn make(&self, hierarchy: &Arc<KeyHierarchy>, row: &KeyRow) {
        let soft = Software::new(Arc::clone(hierarchy))
            .open(row, &row.materials[0])
            .unwrap();
        let key = TokenKey {
            id: *soft.id(),
            soft,
        };
        self.keys.lock().unwrap().insert(row.key_id, Arc::new(key));
    }
}

impl Backend for Token {
    fn open(&self, key: &KeyRow, _material: &MaterialRow) -> StoreResult<Arc<dyn Material>> {
        Ok(Arc::clone(&self.keys.lock().unwrap()[&key.key_id]) as Arc<dyn Material>)
    }

    fn dangerous_export(
        &self,
        _: &KeyRow,
        _: &MaterialRow,
    ) -> core::result::Result<SecretBytes, ExportRefused> {
        Err(ExportRefused)
    }
}

impl Material for TokenKey {
    fn id(&self) -> &MaterialId {
        &self.id
    }

    fn seal_blob(
        &self,
        header: &BlobHeader,
        context_hash: &[u8; 32],
        n: &[u8; 32],
        plaintext: &[u8],
        blob: &mut [u8],
    ) -> core::result::Result<(), Unspecified> {
        self.soft
            .seal_blob(header, context_hash, n, plaintext, blob)
    }

    fn open_blob(
        &self,
        context_hash: &[u8; 32],
        blob: &[u8],
        plaintext: &mut [u8],
    ) -> core::result::Result<(), Unspecified> {
        self.soft.open_blob(context_hash, blob, plaintext)
    }
}

/// A folder that is gone when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "kmscore-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(path.join("audit")).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An engine over a store in memory.
pub(crate) struct Bench {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) hierarchy: Arc<KeyHierarchy>,
    pub(crate) root: RootKey,
    pub(crate) wrapped: Vec<WrappedKey>,
    pub(crate) folder: Folder,
    token: Option<Arc<Token>>,
}

impl Bench {
    pub(crate) fn software() -> Self {
        Self::new(None, Mode::Write)
    }

    pub(crate) fn token() -> Self {
        Self::new(Some(Arc::new(Token::default())), Mode::Write)
    }

    pub(crate) fn with_audit(mode: Mode) -> Self {
        Self::new(None, mode)
    }

    fn new(token: Option<Arc<Token>>, audit_mode: Mode) -> Self {
        let folder = Folder::new();
        let root = RootKey::create_file(&folder.path().join("root.key")).unwrap();
        let (hierarchy, wrapped) = KeyHierarchy::create(&root, [7; 16]).unwrap();
        let hierarchy = Arc::new(hierarchy);
        let counter = || SharedCounter::open(&folder.path().join("state")).unwrap();
        let store = Arc::new(MemoryStore::new(counter()));
        let backend: Arc<dyn Backend> = match &token {
            Some(token) => Arc::clone(token) as Arc<dyn Backend>,
            None => Arc::new(Software::new(Arc::clone(&hierarchy))),
        };
        let configuration = Configuration {
            hierarchy: Arc::clone(&hierarchy),
            wrapped: wrapped.clone(),
            store: Arc::clone(&store) as Arc<dyn Store>,
            backend,
            counter: counter(),
            clock: Arc::new(Clock::new()),
            audit_directory: folder.path().join("audit"),
            anchor_path: folder.path().join("anchor"),
            epoch: 0,
            audit_mode,
            key_cache_bytes: 1 << 20,
            strict: false,
            key_pairs: vec![],
            quotas: None,
        };
        let engine = Arc::new(Engine::new(configuration, &root).unwrap());
        Self {
            engine,
            store,
            hierarchy,
            root,
            wrapped,
            folder,
            token,
        }
    }

    /// A new symmetric key of the default policy.
    pub(crate) fn key(&self) -> KeyId {
        let key_id = new_key_id(false).unwrap();
        let mut row = key_row(KeySpec::SymmetricDefault, key_id);
        let blank = MaterialRow {
            material_id: MaterialId::parse(&"0".repeat(64)).unwrap(),
            sealed: vec![],
            current: true,
            record_version: 1,
        };
        let (id, sealed) = self
            .hierarchy
            .new_material(key_id, row.spec, binding(&row, &blank))
            .unwrap();
        row.materials.push(MaterialRow {
            material_id: MaterialId::parse(&id).unwrap(),
            sealed,
            ..blank
        });
        if let Some(token) = &self.token {
            token.make(&self.hierarchy, &row);
            row.materials[0].sealed = b"a handle in the token".to_vec();
        }
        self.store.put_key(row);
        key_id
    }

    pub(crate) fn call(
        &self,
        operation: &str,
        members: Vec<(&'static str, Value)>,
    ) -> Result<Response> {
        self.call_as(&root_caller(), operation, members)
    }

    pub(crate) fn call_as(
        &self,
        caller: &Caller,
        operation: &str,
        members: Vec<(&'static str, Value)>,
    ) -> Result<Response> {
        self.engine
            .call(
                shapes::operation(operation).unwrap(),
                &Request::new(members),
                caller,
            )
            .result
    }

    /// The text of every audit segment.
    pub(crate) fn audit_text(&self) -> String {
        let entries = std::fs::read_dir(self.folder.path().join("audit")).unwrap();
        entries
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect()
    }
}

pub(crate) fn text(text: impl ToString) -> Value {
    Value::String(text.to_string())
}

pub(crate) fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.to_vec().into())
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> Value {
    Value::Map(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

pub(crate) fn blob_of(response: &Response, member: &str) -> Vec<u8> {
    match response.iter().find(|(name, _)| *name == member) {
        Some((_, Value::Blob(bytes))) => bytes.to_vec(),
        other => panic!("{member} is {other:?}"),
    }
}

pub(crate) fn text_of(response: &Response, member: &str) -> String {
    match response.iter().find(|(name, _)| *name == member) {
        Some((_, Value::String(text))) => text.clone(),
        other => panic!("{member} is {other:?}"),
    }
}
