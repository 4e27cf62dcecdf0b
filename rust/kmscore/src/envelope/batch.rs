//! Many messages in one call. Each row is a message of its own; the rows of a run share a data key.

use std::collections::HashMap;
use std::sync::Arc;

use kmscore_crypto::ecdsa::VerifyingKey;
use kmscore_crypto::out::Room;
use kmscore_crypto::zeroize_slice;

use super::body::Layout;
use super::decrypt::{Opening, verifier};
use super::encrypt::encrypt;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::header::{Header, HeaderLimits, HeaderView};
use super::materials::{DataKey, EncryptionMaterials};
use super::suite::CommitmentPolicy;
use crate::rows::{Row, RowErrors, in_parallel};

/// Encrypts every row; row `i` with `materials[i / each]`.
///
/// # Errors
/// As `encrypt`; no row of a batch fails by itself.
pub fn encrypt_rows(
    materials: &[Arc<EncryptionMaterials>],
    each: usize,
    frame_length: u32,
    rows: &mut [Row<'_>],
    threads: usize,
) -> EnvelopeResult<()> {
    let work = |first: usize, part: &mut [Row<'_>]| {
        for (place, row) in part.iter_mut().enumerate() {
            let Some(plaintext) = row.input else { continue };
            let materials = &materials[(first + place) / each];
            encrypt(materials, plaintext, frame_length, Room::new(row.output), 1)?;
        }
        Ok(vec![])
    };
    in_parallel(rows, threads, work).map(drop)
}

/// What is known of the rows of a column before there is a data key: a header for each data key, and each row's length.
pub struct MessageColumn {
    groups: Vec<Group>,
    rows: Vec<EnvelopeResult<RowFacts>>,
    limits: HeaderLimits,
}

#[derive(Clone, Copy)]
struct RowFacts {
    group: usize,
    plaintext: usize,
}

/// Rows with one data key.
struct Group {
    header: Arc<Header>,
    verifier: Option<VerifyingKey>,
}

impl MessageColumn {
    /// Reads the header of every row. Nulls have none.
    pub fn read<'a>(
        rows: impl Iterator<Item = Option<&'a [u8]>>,
        policy: CommitmentPolicy,
        limits: HeaderLimits,
        reproduced: &[(String, String)],
    ) -> Self {
        let mut reading = Reading {
            groups: vec![],
            known: HashMap::new(),
            last: None,
            policy,
            limits,
            reproduced,
        };
        let rows = rows
            .map(|row| match row {
                Some(message) => reading.row(message),
                None => Ok(RowFacts {
                    group: usize::MAX,
                    plaintext: 0,
                }),
            })
            .collect();
        Self {
            groups: reading.groups,
            rows,
            limits,
        }
    }

    /// A header for each data key that is needed.
    #[must_use]
    pub fn headers(&self) -> Vec<Arc<Header>> {
        self.groups
            .iter()
            .map(|group| Arc::clone(&group.header))
            .collect()
    }

    /// Bytes of each row's plaintext; 0 for a row that is null or cannot be read.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.rows
            .iter()
            .map(|row| row.as_ref().map_or(0, |facts| facts.plaintext))
    }

    /// Decrypts every row. `keys` has what a keyring gave for each header.
    ///
    /// # Errors
    /// Rows that failed, in order; their room holds zeros.
    pub fn decrypt(
        &self,
        keys: &[EnvelopeResult<Arc<DataKey>>],
        rows: &mut [Row<'_>],
        threads: usize,
    ) -> EnvelopeResult<RowErrors<EnvelopeFault>> {
        let work = |first: usize, part: &mut [Row<'_>]| {
            let mut errors = vec![];
            for (place, row) in part.iter_mut().enumerate() {
                let Some(message) = row.input else { continue };
                if let Err(fault) = self.decrypt_row(keys, first + place, message, row.output) {
                    zeroize_slice(row.output);
                    errors.push((first + place, fault));
                }
            }
            Ok(errors)
        };
        in_parallel(rows, threads, work)
    }

    fn decrypt_row(
        &self,
        keys: &[EnvelopeResult<Arc<DataKey>>],
        row: usize,
        message: &[u8],
        out: &mut [u8],
    ) -> EnvelopeResult<()> {
        let facts = self.rows[row].clone()?;
        let group = &self.groups[facts.group];
        let data_key = keys[facts.group].as_ref().map_err(Clone::clone)?;
        let view = HeaderView::parse(message, self.limits)?;
        let (header, body) = message.split_at(view.length);
        let layout = Layout::of_message(&view, body)?;
        if out.len() != layout.plaintext_length() {
            return Err(EnvelopeFault::Format(format!(
                "the row has {} bytes of plaintext, where the column's rows have {}",
                layout.plaintext_length(),
                out.len()
            )));
        }
        let opening = Opening {
            view,
            header,
            required: group.header.required(),
            verifier: group.verifier.as_ref(),
            data_key,
        };
        Room::new(out)
            .fill(|out| opening.open(&layout, body, out, 1))
            .map(drop)
    }
}

/// The state of reading a column's headers.
struct Reading<'a, 'r> {
    groups: Vec<Group>,
    known: HashMap<(u16, &'a [u8]), EnvelopeResult<usize>>,
    /// Most columns have one data key: rows that go on as the row before are not looked up.
    last: Option<((u16, &'a [u8]), usize)>,
    policy: CommitmentPolicy,
    limits: HeaderLimits,
    reproduced: &'r [(String, String)],
}

impl<'a> Reading<'a, '_> {
    fn row(&mut self, message: &'a [u8]) -> EnvelopeResult<RowFacts> {
        let view = HeaderView::parse(message, self.limits)?;
        let group = self.group(&view, message)?;
        let layout = Layout::of_message(&view, &message[view.length..])?;
        Ok(RowFacts {
            group,
            plaintext: layout.plaintext_length(),
        })
    }

    fn group(&mut self, view: &HeaderView<'a>, message: &'a [u8]) -> EnvelopeResult<usize> {
        let identity = (view.suite.id, view.keys);
        if let Some((last, group)) = self.last
            && last == identity
        {
            return Ok(group);
        }
        let group = match self.known.get(&identity) {
            Some(known) => known.clone(),
            None => {
                let made = self.new_group(view, message);
                self.known.insert(identity, made.clone());
                made
            }
        }?;
        self.last = Some((identity, group));
        Ok(group)
    }

    fn new_group(&mut self, view: &HeaderView<'a>, message: &'a [u8]) -> EnvelopeResult<usize> {
        let bytes = &message[..view.length];
        let header = Header::of_view(view, self.policy, self.reproduced, bytes)?;
        let verifier = verifier(&header)?;
        self.groups.push(Group {
            header: Arc::new(header),
            verifier,
        });
        Ok(self.groups.len() - 1)
    }
}
