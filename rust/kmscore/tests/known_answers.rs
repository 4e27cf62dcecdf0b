//! The engine against the known answers in vectors/kmscore, which were made from docs/formats.md without the engine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::Folder;
use kmscore::audit::verify_segment;
use kmscore::backend::software::{Software, binding};
use kmscore::backend::{Backend, Material};
use kmscore::backup::{self, Unlock};
use kmscore::canonical;
use kmscore::ciphertext::{BlobHeader, KeyId, MaterialId, OVERHEAD};
use kmscore::envelope::header::EncryptedDataKey;
use kmscore::envelope::hybrid;
use kmscore::hierarchy::{KeyHierarchy, Purpose, WrappedKey};
use kmscore::key_entry::MaterialRow;
use kmscore::key_pair::PrivateKey;
use kmscore::root_key::RootKey;
use kmscore::seal::{Binding, Kind, SealingKey};
use kmscore::spec::KeySpec;
use kmscore_crypto::agreement::X25519;
use kmscore_crypto::hash;
use kmscore_crypto::hmac::HmacKey;
use kmscore_crypto::secret::SecretBytes;
use serde_json::Value;

const STORE: [u8; 16] = [7; 16];
const KINDS: [Kind; 6] = [
    Kind::Material,
    Kind::DomainKey,
    Kind::AuditKey,
    Kind::AuditSeed,
    Kind::SecretAccessKey,
    Kind::BackupFileKey,
];

#[test]
fn blobs_are_sealed_and_opened_byte_for_byte() {
    let bench = Hierarchy::new();
    let vectors = load("blob.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let key_id = KeyId::parse(text(vector, "key_id")).unwrap();
        let material = bench.material(key_id, &bytes(vector, "key_material"));
        assert_eq!(material.id().to_string(), text(vector, "key_material_id"));
        let context_hash =
            hash::sha256(&[&canonical::serialise(&pairs(vector, "encryption_context")).unwrap()]);
        let (plaintext, expected) = (bytes(vector, "plaintext"), bytes(vector, "blob"));
        let header = BlobHeader {
            key_id,
            material: *material.id().short(),
        };
        let mut blob = vec![0; plaintext.len() + OVERHEAD];
        let n = bytes(vector, "n").try_into().unwrap();
        material
            .seal_blob(&header, &context_hash, &n, &plaintext, &mut blob)
            .unwrap();
        assert_eq!(blob, expected, "{}", text(vector, "name"));
        assert_eq!(BlobHeader::parse(&expected), Some(header));
        let mut opened = vec![0; plaintext.len()];
        material
            .open_blob(&context_hash, &expected, &mut opened)
            .unwrap();
        assert_eq!(opened, plaintext);
    }
}

#[test]
fn key_material_of_every_spec_is_read_in_its_stored_form() {
    let bench = Hierarchy::new();
    let vectors = load("key_material.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), KeySpec::ALL.len());
    for vector in vectors {
        let spec = KeySpec::parse(text(vector, "name")).unwrap();
        let key_id = KeyId::parse(text(vector, "key_id")).unwrap();
        let stored = bytes(vector, "key_material");
        let material = bench.material_of(spec, key_id, &stored);
        assert_eq!(material.id().to_string(), text(vector, "key_material_id"));
        assert_eq!(material.public_key().is_some(), spec.is_key_pair());
        if !spec.is_key_pair() {
            continue;
        }
        let private = PrivateKey::from_canonical(spec, &stored).unwrap();
        assert_eq!(private.to_canonical().unwrap().expose().unwrap(), stored);
        let public = material.public_key().unwrap();
        assert_eq!(public.spec(), Some(spec));
        if vector["public_key"].is_string() {
            assert_eq!(public.to_spki().unwrap(), bytes(vector, "public_key"));
        }
        if vector["pkcs8"].is_string() {
            let pkcs8 = private.to_pkcs8().unwrap();
            assert_eq!(pkcs8.expose().unwrap(), bytes(vector, "pkcs8"), "{spec:?}");
        }
        for other in [&stored[1..], &[&stored[..], &[0]].concat()] {
            assert!(
                PrivateKey::from_canonical(spec, other).is_err(),
                "{spec:?} of another length"
            );
        }
    }
}

#[test]
fn sealed_records_open() {
    let vectors = load("sealed_record.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let key = SealingKey::new(&bytes(vector, "sealing_key")).unwrap();
        assert_eq!(key.id().as_slice(), bytes(vector, "sealing_key_id"));
        let kind = KINDS[usize::try_from(vector["kind"].as_u64().unwrap()).unwrap() - 1];
        let opened = key
            .open(kind, &record_binding(vector), &bytes(vector, "record"))
            .unwrap();
        assert_eq!(
            opened.expose().unwrap(),
            bytes(vector, "plaintext"),
            "{}",
            text(vector, "name")
        );
    }
}

#[test]
fn an_audit_segment_verifies() {
    let vector = load("audit_segment.json");
    let folder = Folder::new();
    let path = folder
        .path()
        .join(format!("{}.log", text(&vector, "segment")));
    std::fs::write(&path, text(&vector, "content")).unwrap();
    let root = RootKey::create_file(&folder.path().join("root.key")).unwrap();
    let store: [u8; 16] = bytes(&vector, "store").try_into().unwrap();
    let wrapped = wrap(&root, &store, Purpose::Audit, &bytes(&vector, "audit_key"));
    let report = verify_segment(&path, &root, &store, std::slice::from_ref(&wrapped)).unwrap();
    assert_eq!(
        (report.lines, report.torn, report.bad),
        (vector["lines"].as_u64().unwrap(), false, None)
    );
    assert_eq!(report.start_state, 7);
    let other = wrap(&root, &store, Purpose::Audit, &[1; 32]);
    let refused = verify_segment(&path, &root, &store, &[other]).unwrap();
    assert_eq!(refused.bad.map(|(line, _)| line), Some(0));
}

#[test]
fn backups_open() {
    let vectors = load("backup.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let content = std::fs::read(directory().join(text(vector, "file"))).unwrap();
        let passphrase = text(vector, "kind") == "passphrase";
        let pair = (!passphrase).then(|| {
            X25519::from_secret(SecretBytes::from_wiping(&mut bytes(vector, "secret")).unwrap())
                .unwrap()
        });
        let unlock = match &pair {
            Some(pair) => Unlock::Recipient(pair),
            None => Unlock::Passphrase(text(vector, "secret").as_bytes()),
        };
        let mut database = Vec::new();
        let opened = backup::read(&mut content.as_slice(), &unlock, Some(&mut database)).unwrap();
        assert_eq!(
            opened.store_id.as_slice(),
            bytes(vector, "store"),
            "{}",
            text(vector, "name")
        );
        assert_eq!(Some(opened.created), vector["created"].as_u64());
        assert_eq!(
            Some(opened.database_bytes),
            vector["database_bytes"].as_u64()
        );
        assert_eq!(
            hash::sha256(&[&database]).as_slice(),
            bytes(vector, "database_sha256")
        );
        let manifest: Value = serde_json::from_slice(opened.manifest.expose().unwrap()).unwrap();
        assert_eq!(manifest, vector["manifest"]);
    }
}

#[test]
fn data_keys_under_ml_kem_open() {
    let vectors = load("ml_kem_data_key.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let spec = KeySpec::parse(text(vector, "key_spec")).unwrap();
        let private = PrivateKey::from_canonical(spec, &bytes(vector, "seed")).unwrap();
        let encrypted = EncryptedDataKey {
            provider_id: hybrid::ML_KEM_PROVIDER.into(),
            provider_info: text(vector, "key_arn").into(),
            ciphertext: bytes(vector, "encrypted_data_key"),
        };
        let ciphertext = hybrid::ml_kem_ciphertext(&encrypted).unwrap();
        let shared = private.decapsulate(ciphertext).unwrap();
        assert!(shared.equals(&bytes(vector, "shared_secret")));
        let context = pairs(vector, "encryption_context");
        let opened = hybrid::unwrap_ml_kem(shared.expose().unwrap(), &encrypted, &context).unwrap();
        assert!(
            opened.secret().equals(&bytes(vector, "data_key")),
            "{}",
            text(vector, "name")
        );
    }
}

/// A hierarchy whose domain key is known, so that known key material can be sealed under it.
struct Hierarchy {
    _folder: Folder,
    hierarchy: Arc<KeyHierarchy>,
    domain: SealingKey,
}

impl Hierarchy {
    fn new() -> Self {
        let folder = Folder::new();
        let root = RootKey::create_file(&folder.path().join("root.key")).unwrap();
        let wrapped = wrap(&root, &STORE, Purpose::Records, &[2; 32]);
        let hierarchy = Arc::new(KeyHierarchy::open(&root, STORE, &[wrapped]).unwrap());
        Self {
            _folder: folder,
            hierarchy,
            domain: SealingKey::new(&[2; 32]).unwrap(),
        }
    }

    fn material(&self, key_id: KeyId, secret: &[u8]) -> Arc<dyn Material> {
        self.material_of(KeySpec::SymmetricDefault, key_id, secret)
    }

    fn material_of(&self, spec: KeySpec, key_id: KeyId, secret: &[u8]) -> Arc<dyn Material> {
        let material_id = MaterialId::of(&HmacKey::new(secret).unwrap(), key_id).unwrap();
        let key = common::key_row(spec, key_id);
        let mut material = MaterialRow {
            material_id,
            sealed: vec![],
            current: true,
            record_version: 1,
        };
        let binding = binding(&key, &material)
            .with("store", kmscore::hex::encode(&STORE))
            .with("domain_key", self.hierarchy.domain_key_id())
            .with("material_id", material_id.to_string());
        material.sealed = self.domain.seal(Kind::Material, &binding, secret).unwrap();
        Software::new(Arc::clone(&self.hierarchy))
            .open(&key, &material)
            .unwrap()
    }
}

fn wrap(root: &RootKey, store: &[u8; 16], purpose: Purpose, key: &[u8]) -> WrappedKey {
    let key = SecretBytes::from_wiping(&mut key.to_vec()).unwrap();
    WrappedKey::seal(root, store, purpose, 1, &key).unwrap()
}

fn record_binding(vector: &Value) -> Binding {
    pairs(vector, "binding")
        .into_iter()
        .fold(Binding::default(), |binding, (name, value)| {
            binding.with(Box::leak(name.into_boxed_str()), value)
        })
}

fn pairs(vector: &Value, name: &str) -> Vec<(String, String)> {
    let pairs = vector[name].as_object().unwrap();
    pairs
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    let digits = text(vector, name);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn load(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(directory().join(name)).unwrap()).unwrap()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/kmscore")
}
