//! A message opened in one call. Nothing is released before everything has been checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmscore_crypto::aead::{CallKey, IV_ZERO};
use kmscore_crypto::constant_time;
use kmscore_crypto::ecdsa::VerifyingKey;
use kmscore_crypto::hash::Sha384;
use kmscore_crypto::out::{Out, Room};

use super::body::{Layout, signature};
use super::context;
use super::fault::{EnvelopeFault, EnvelopeResult};
use super::frame::Frames;
use super::header::{Header, HeaderView};
use super::keys::{MESSAGE_ID, MessageKeys};
use super::materials::DataKey;
use super::runs::{Span, Way, work_on_all};

/// Decrypts what follows a header into room of exactly the plaintext's length.
///
/// # Errors
/// Decryption, whatever the cause; the room then holds zeros. Crypto: the data key is that of a parent process.
pub fn decrypt<'o>(
    header: &Header,
    data_key: &DataKey,
    body: &[u8],
    room: Room<'o>,
    threads: usize,
) -> EnvelopeResult<&'o mut [u8]> {
    room.fill(|out| open_message(header, data_key, body, out, threads))
}

fn open_message(
    header: &Header,
    data_key: &DataKey,
    body: &[u8],
    out: Out<'_>,
    threads: usize,
) -> EnvelopeResult<()> {
    let verifier = verifier(header)?;
    let opening = Opening {
        view: header.view()?,
        header: header.bytes(),
        required: header.required(),
        verifier: verifier.as_ref(),
        data_key,
    };
    let layout = Layout::of_message(&opening.view, body)?;
    opening.open(&layout, body, out, threads)
}

/// What a message is opened with.
pub(super) struct Opening<'a> {
    pub(super) view: HeaderView<'a>,
    pub(super) header: &'a [u8],
    pub(super) required: &'a [u8],
    pub(super) verifier: Option<&'a VerifyingKey>,
    pub(super) data_key: &'a DataKey,
}

impl Opening<'_> {
    /// Opens what follows the header. Some of the room may be filled on failure: `Room` wipes it.
    pub(super) fn open(
        &self,
        layout: &Layout,
        body: &[u8],
        out: Out<'_>,
        threads: usize,
    ) -> EnvelopeResult<()> {
        let (body, footer) = body
            .split_at_checked(layout.body_length())
            .ok_or(EnvelopeFault::Decryption)?;
        let mut keys = MessageKeys::room();
        let id = check_commitment(&self.view, self.data_key, &mut keys)?;
        keys.with_content_key(|key| {
            check_header(&self.view, self.required, key)?;
            let frames = Frames {
                key,
                message_id: id,
                length: self.view.frame_length as usize,
            };
            let Some(verifier) = self.verifier else {
                // Nothing follows the body: the layout says so.
                return open_body(&frames, layout, body, out, threads);
            };
            let mut hash = Sha384::default();
            hash.update(self.header);
            hash_while_opening(&frames, layout, body, out, threads, &mut hash)?;
            verify_footer(verifier, hash, footer)
        })
    }
}

/// Derives the keys of a message; its commit key must be the one in the header, before anything else is trusted.
pub(super) fn check_commitment<'m>(
    view: &HeaderView<'m>,
    data_key: &DataKey,
    keys: &mut MessageKeys,
) -> EnvelopeResult<&'m [u8; MESSAGE_ID]> {
    let id = view
        .message_id
        .try_into()
        .map_err(|_| EnvelopeFault::Decryption)?;
    keys.derive(view.suite, data_key.secret(), id)?;
    if !constant_time::equal(&keys.commit, view.commit_key) {
        return Err(EnvelopeFault::Decryption);
    }
    Ok(id)
}

/// Checks the header's tag, which also covers the required pairs.
pub(super) fn check_header(
    view: &HeaderView<'_>,
    required: &[u8],
    key: CallKey<'_>,
) -> EnvelopeResult<()> {
    let opened = if required.is_empty() {
        key.open(&IV_ZERO, view.body, view.tag, &mut Out::new(&mut []))
    } else {
        let aad = [view.body, required].concat();
        key.open(&IV_ZERO, &aad, view.tag, &mut Out::new(&mut []))
    };
    opened.map_err(|_| EnvelopeFault::Decryption)
}

/// The public key in the encryption context of a signed message.
pub(super) fn verifier(header: &Header) -> EnvelopeResult<Option<VerifyingKey>> {
    let Some(text) = context::value(header.context(), context::PUBLIC_KEY) else {
        return Ok(None);
    };
    STANDARD
        .decode(text)
        .ok()
        .and_then(|point| VerifyingKey::from_compressed(&point).ok())
        .map(Some)
        .ok_or(EnvelopeFault::Decryption)
}

/// A footer is a signature of any length, and nothing after it.
pub(super) fn verify_footer(
    verifier: &VerifyingKey,
    hash: Sha384,
    footer: &[u8],
) -> EnvelopeResult<()> {
    let signature = signature(footer).ok_or(EnvelopeFault::Decryption)?;
    verifier
        .verify(&hash.finish(), signature)
        .map_err(|_| EnvelopeFault::Decryption)
}

/// Opens all frames, split evenly over threads.
fn open_body(
    frames: &Frames<'_>,
    layout: &Layout,
    body: &[u8],
    mut out: Out<'_>,
    threads: usize,
) -> EnvelopeResult<()> {
    match layout {
        Layout::Framed(framed) => {
            let span = Span::whole(Way::Open, framed);
            work_on_all(frames, span.for_threads(threads, body, out)?)
        }
        Layout::Block(_) => {
            frames.open_block(body, &mut out)?;
            out.finish().map_err(|_| EnvelopeFault::Decryption)?;
            Ok(())
        }
    }
}

/// Opens the body and hashes it: on a second thread if there is one, else run by run while it is in cache.
fn hash_while_opening(
    frames: &Frames<'_>,
    layout: &Layout,
    body: &[u8],
    out: Out<'_>,
    threads: usize,
    hash: &mut Sha384,
) -> EnvelopeResult<()> {
    if let (Layout::Framed(framed), true) = (layout, threads < 2) {
        for run in Span::whole(Way::Open, framed).for_cache(body, out)? {
            let (regular, last) = run.input();
            hash.update(regular);
            hash.update(last);
            run.work(frames)?;
        }
        return Ok(());
    }
    let others = threads.saturating_sub(1).max(1);
    hash_beside(hash, body, threads, || {
        open_body(frames, layout, body, out, others)
    })
}

/// Hashes what is opened meanwhile, on another thread if there is one.
pub(super) fn hash_beside(
    hash: &mut Sha384,
    input: &[u8],
    threads: usize,
    open: impl FnOnce() -> EnvelopeResult<()> + Send,
) -> EnvelopeResult<()> {
    if threads < 2 || input.len() < SMALL {
        hash.update(input);
        return open();
    }
    std::thread::scope(|scope| {
        let opener = scope.spawn(open);
        hash.update(input);
        opener.join().map_err(|_| EnvelopeFault::Decryption)?
    })
}

/// A thread does not pay for bodies shorter than this.
const SMALL: usize = 256 * 1024;
