//! Many signatures or message authentication codes in one call: one authorisation, one audit record with the number of
//! rows.
//!
//! Ours, not AWS's. Each row is what Sign, Verify or GenerateMac would answer. A message may be empty, which those do not
//! allow: columns have empty values, and every algorithm takes them.

use std::sync::Arc;

use kmscore_crypto::Unspecified;

use super::batch::RowError;
use super::signing::{check_message, message_length, message_type};
use super::{Call, algorithm, failed, public_key};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::key_pair::{Message, PublicKey};
use crate::material::hmac_hash;
use crate::pipeline::Passage;
use crate::policy::Caller;
use crate::rows::{MadeRows, in_parallel};
use crate::shapes::tables::{MAC_BATCH, SIGN_BATCH, VERIFY_BATCH};
use crate::spec::{MacAlgorithm, MessageType, SigningAlgorithm};
use crate::value::Request;

/// The longest message of a row: that of Sign and GenerateMac.
pub const MESSAGE_LIMIT: usize = 4096;

/// What the rows came to, and those that failed.
pub type Done<T> = (T, Vec<RowError>);

/// A message and its supposed signature; `None` is a null.
pub type Claim<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

impl Engine {
    /// Signs every message under one key. `request` has `KeyId` and `SigningAlgorithm`, and may have `MessageType`.
    ///
    /// # Errors
    /// What Sign answers for the key and the algorithm as a whole. A row whose message is not taken is told beside the
    /// results, and has none.
    pub fn sign_rows(
        self: &Arc<Self>,
        request: &Request,
        messages: &[Option<&[u8]>],
        threads: usize,
        caller: &Caller,
    ) -> Result<Done<MadeRows>> {
        let passage = Passage::begin(self, &SIGN_BATCH, request, caller)?;
        passage.batch(messages.len(), failures, |keys| {
            let call = Call::new(self, caller, request, keys);
            let signing = Signing::of(&call)?;
            let material = call.material()?;
            let longest = signing.longest(&call, public_key(call.key(), material)?)?;
            let check = |message: &[u8]| signing.check(message);
            make(messages, longest, threads, check, |message| {
                material.sign(signing.algorithm, &signing.message(message))
            })
        })
    }

    /// Verifies the signature of every message. A row of which either is null has no answer, and one that failed neither.
    ///
    /// # Errors
    /// As `sign_rows`. A wrong signature is no error.
    pub fn verify_rows(
        self: &Arc<Self>,
        request: &Request,
        claims: &[Claim<'_>],
        threads: usize,
        caller: &Caller,
    ) -> Result<Done<Vec<Option<bool>>>> {
        let passage = Passage::begin(self, &VERIFY_BATCH, request, caller)?;
        passage.batch(claims.len(), failures, |keys| {
            let call = Call::new(self, caller, request, keys);
            let signing = Signing::of(&call)?;
            let key = public_key(call.key(), call.material()?)?;
            let mut answers = vec![None; claims.len()];
            let mut rows: Vec<_> = claims
                .iter()
                .zip(&mut answers)
                .map(|(&(message, signature), answer)| {
                    let message = message.filter(|_| signature.is_some());
                    (message, (signature.unwrap_or_default(), answer))
                })
                .collect();
            let check = |message: &[u8]| signing.check(message);
            let errors = each(&mut rows, threads, check, |message, (signature, answer)| {
                let verified = key.verify(signing.algorithm, &signing.message(message), signature);
                **answer = Some(verified.is_ok());
                Ok(())
            })?;
            Ok((answers, errors))
        })
    }

    /// Makes the HMAC of every message under one key. `request` has `KeyId` and `MacAlgorithm`.
    ///
    /// # Errors
    /// As `sign_rows`, for GenerateMac.
    pub fn mac_rows(
        self: &Arc<Self>,
        request: &Request,
        messages: &[Option<&[u8]>],
        threads: usize,
        caller: &Caller,
    ) -> Result<Done<MadeRows>> {
        let passage = Passage::begin(self, &MAC_BATCH, request, caller)?;
        passage.batch(messages.len(), failures, |keys| {
            let call = Call::new(self, caller, request, keys);
            algorithm(&call, "MacAlgorithm", MacAlgorithm::parse)?;
            let hash = hmac_hash(call.key().row().spec).ok_or_else(failed)?;
            let material = call.material()?;
            make(messages, hash.length(), threads, check_length, |message| {
                material.tag(message)
            })
        })
    }
}

/// How the messages of a call are signed, which the key allows.
struct Signing {
    algorithm: SigningAlgorithm,
    kind: MessageType,
}

impl Signing {
    fn of(call: &Call<'_>) -> Result<Self> {
        let algorithm = algorithm(call, "SigningAlgorithm", SigningAlgorithm::parse)?;
        let kind = message_type(call.request);
        message_length(algorithm, kind)?;
        Ok(Self { algorithm, kind })
    }

    const fn message<'m>(&self, bytes: &'m [u8]) -> Message<'m> {
        Message {
            kind: self.kind,
            bytes,
        }
    }

    fn check(&self, message: &[u8]) -> Result<()> {
        check_length(message)?;
        check_message(self.algorithm, &self.message(message))
    }

    fn longest(&self, call: &Call<'_>, key: &PublicKey) -> Result<usize> {
        key.signature_lengths(self.algorithm)
            .map(|lengths| *lengths.end())
            .ok_or_else(|| Error::internal(format!("{} does not sign", call.key().arn())))
    }
}

fn check_length(message: &[u8]) -> Result<()> {
    if message.len() > MESSAGE_LIMIT {
        return Err(Error::validation(format!(
            "Message of the row is longer than {MESSAGE_LIMIT} bytes."
        )));
    }
    Ok(())
}

fn failures<T>(done: &Done<T>) -> usize {
    done.1.len()
}

/// Makes a result of at most `longest` bytes for every message.
fn make(
    messages: &[Option<&[u8]>],
    longest: usize,
    threads: usize,
    check: impl Fn(&[u8]) -> Result<()> + Sync,
    make: impl Fn(&[u8]) -> core::result::Result<Vec<u8>, Unspecified> + Sync,
) -> Result<Done<MadeRows>> {
    let mut made = MadeRows::new(messages.len(), longest)
        .ok_or_else(|| Error::internal("there is no memory for the results"))?;
    let mut rows: Vec<_> = messages.iter().copied().zip(made.places()).collect();
    let errors = each(&mut rows, threads, check, |message, place| {
        let result = make(message).map_err(|_| failed())?;
        place.put(&result).ok_or_else(failed)
    })?;
    drop(rows);
    Ok((made, errors))
}

/// Does the work of every row that has a message. One whose message fails the check fails alone.
fn each<P: Send>(
    rows: &mut [(Option<&[u8]>, P)],
    threads: usize,
    check: impl Fn(&[u8]) -> Result<()> + Sync,
    work: impl Fn(&[u8], &mut P) -> Result<()> + Sync,
) -> Result<Vec<RowError>> {
    in_parallel(rows, threads, |first, part| {
        let mut errors = vec![];
        for (place, (message, output)) in part.iter_mut().enumerate() {
            let Some(message) = message else { continue };
            match check(message) {
                Ok(()) => work(message, output)?,
                Err(error) => errors.push((first + place, error)),
            }
        }
        Ok(errors)
    })
}
