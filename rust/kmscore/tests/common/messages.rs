//! Messages for tests and fuzz targets, made and opened without a keyring.

use std::sync::Arc;

use kmscore::envelope::body::Layout;
use kmscore::envelope::context::Pairs;
use kmscore::envelope::decrypt::decrypt;
use kmscore::envelope::encrypt::encrypt;
use kmscore::envelope::header::{EncryptedDataKey, Header, HeaderLimits};
use kmscore::envelope::materials::{DataKey, EncryptionMaterials, EncryptionRequest};
use kmscore::envelope::stream::MessageReader;
use kmscore::envelope::suite::CommitmentPolicy;
use kmscore::envelope::{EnvelopeFault, EnvelopeResult};
use kmscore_crypto::out::Room;

pub const UNSIGNED: u16 = 0x0478;
pub const SIGNED: u16 = 0x0578;
pub const POLICY: CommitmentPolicy = CommitmentPolicy::RequireEncryptRequireDecrypt;
pub const NO_LIMITS: HeaderLimits = HeaderLimits {
    encrypted_data_keys: None,
};

/// A data key of one byte, again and again.
pub fn data_key(byte: u8) -> Arc<DataKey> {
    Arc::new(DataKey::from_wiping(&mut [byte; 32]).unwrap())
}

pub fn pairs(of: &[(&str, &str)]) -> Pairs {
    of.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Materials of a data key, under an encrypted data key that nobody decrypts.
pub fn materials(
    suite: u16,
    key: Arc<DataKey>,
    context: Pairs,
    required: &[&str],
) -> EncryptionMaterials {
    let required: Vec<String> = required.iter().map(|key| (*key).to_owned()).collect();
    let request = EncryptionRequest::new(suite, context, &required, POLICY, None).unwrap();
    let signer = request.new_signing_key().unwrap();
    let encrypted = EncryptedDataKey {
        provider_id: "test".into(),
        provider_info: b"key".to_vec(),
        ciphertext: vec![7; 48],
    };
    EncryptionMaterials::new(&request, signer, key, &[encrypted]).unwrap()
}

/// A message of a plaintext.
pub fn message(
    materials: &EncryptionMaterials,
    plaintext: &[u8],
    frame_length: u32,
    threads: usize,
) -> Vec<u8> {
    let length = materials
        .message_length(plaintext.len(), frame_length)
        .unwrap();
    let mut out = vec![0; length];
    encrypt(
        materials,
        plaintext,
        frame_length,
        Room::new(&mut out),
        threads,
    )
    .unwrap();
    out
}

/// Opens a message in one call; the room of a failure must hold zeros.
pub fn open(
    message: &[u8],
    key: &DataKey,
    reproduced: &[(String, String)],
    threads: usize,
) -> EnvelopeResult<Vec<u8>> {
    let header = Header::read(message, POLICY, NO_LIMITS, reproduced)?;
    let body = &message[header.bytes().len()..];
    let length = Layout::of_message(&header.view()?, body)?.plaintext_length();
    let mut out = vec![0xEE; length];
    match decrypt(&header, key, body, Room::new(&mut out), threads) {
        Ok(_) => Ok(out),
        Err(fault) => {
            assert!(
                out.iter().all(|byte| *byte == 0),
                "plaintext of a failure was left behind"
            );
            Err(fault)
        }
    }
}

/// Opens a message piece by piece, `piece` bytes more at a time.
pub fn open_in_pieces(message: &[u8], key: &DataKey, piece: usize) -> EnvelopeResult<Vec<u8>> {
    let header = Header::read(message, POLICY, NO_LIMITS, &[])?;
    let mut reader = MessageReader::new(&header, key)?;
    let (mut at, mut end) = (header.bytes().len(), header.bytes().len());
    let mut plaintext = vec![];
    loop {
        let whole = end == message.len();
        end = (end + piece).min(message.len());
        let found = reader.piece(&message[at..end])?;
        let start = plaintext.len();
        plaintext.resize(start + found.plaintext, 0xEE);
        let input = &message[at..at + found.consumed];
        reader.open(found, input, Room::new(&mut plaintext[start..]), 1)?;
        at += found.consumed;
        if found.last {
            reader.verify(&message[at..])?;
            return Ok(plaintext);
        }
        if whole {
            return Err(EnvelopeFault::Decryption);
        }
    }
}
