//! An owned AWS-LC key of any family, and its standard encodings.

use core::ffi::c_int;
use core::ops::Deref;
use core::ptr::NonNull;

use aws_lc_sys::{
    CBB, CBB_cleanup, CBB_finish, CBB_init_fixed, CBS, CBS_init, EVP_PKEY, EVP_PKEY_CTX,
    EVP_PKEY_CTX_free, EVP_PKEY_CTX_new, EVP_PKEY_CTX_new_id, EVP_PKEY_free,
    EVP_PKEY_get_raw_public_key, EVP_PKEY_id, EVP_PKEY_new, EVP_PKEY_up_ref,
    EVP_marshal_private_key, EVP_marshal_public_key, EVP_parse_private_key, EVP_parse_public_key,
};
use kmscore_sys::fork;

use crate::memory::Secrets;
use crate::secret::SecretBytes;
use crate::{Unspecified, succeeded};

/// Longer than any SubjectPublicKeyInfo and PrivateKeyInfo of the families here.
const LONGEST: usize = 4096;

/// An owned EVP_PKEY. AWS-LC wipes what it frees.
pub(crate) struct Pkey {
    key: NonNull<EVP_PKEY>,
    generation: u64,
}

// SAFETY: the key is owned, and AWS-LC's EVP_PKEY may move between threads.
unsafe impl Send for Pkey {}
// SAFETY: AWS-LC documents that a key may be used by many threads at once as long as none changes it; after construction
// none does.
unsafe impl Sync for Pkey {}

impl Pkey {
    /// An empty key, to be given what it is.
    pub(crate) fn empty() -> Result<Self, Unspecified> {
        // SAFETY: allocates a key; the pointer is owned.
        unsafe { Self::from_owned(EVP_PKEY_new()) }
    }

    /// # Safety
    /// The pointer is null or one that the caller owns and gives away.
    pub(crate) unsafe fn from_owned(key: *mut EVP_PKEY) -> Result<Self, Unspecified> {
        let generation = fork::generation();
        let key = NonNull::new(key).ok_or(Unspecified)?;
        Ok(Self { key, generation })
    }

    pub(crate) const fn as_ptr(&self) -> *mut EVP_PKEY {
        self.key.as_ptr()
    }

    /// Another hold on the same key.
    pub(crate) fn share(&self) -> Self {
        // SAFETY: the key lives; its counter is atomic. It fails only when the counter would overflow.
        unsafe { EVP_PKEY_up_ref(self.as_ptr()) };
        Self { ..*self }
    }

    /// A key of its own with the public part only.
    fn to_public(&self) -> Result<Self, Unspecified> {
        // SAFETY: the parser reads within what it is given.
        unsafe { parsed(&self.to_spki()?, |cbs| EVP_parse_public_key(cbs)) }
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280) of this family. Only the one DER form that `to_spki` writes is taken.
    pub(crate) fn from_spki(family: c_int, der: &[u8]) -> Result<Self, Unspecified> {
        // SAFETY: the parser reads within `der`.
        let key = unsafe { parsed(der, |cbs| EVP_parse_public_key(cbs)) }?;
        if key.is_of(family) && key.to_spki()? == der {
            Ok(key)
        } else {
            Err(Unspecified)
        }
    }

    /// Reads a PrivateKeyInfo (RFC 5208) of this family.
    pub(crate) fn from_pkcs8(family: c_int, der: &[u8]) -> Result<Self, Unspecified> {
        // SAFETY: the parser reads within `der`.
        let key = unsafe { parsed(der, |cbs| EVP_parse_private_key(cbs)) }?;
        if key.is_of(family) {
            Ok(key)
        } else {
            Err(Unspecified)
        }
    }

    /// The public key as SubjectPublicKeyInfo (RFC 5280).
    pub(crate) fn to_spki(&self) -> Result<Vec<u8>, Unspecified> {
        let mut room = [0; LONGEST];
        let length = written(&mut room, |cbb| {
            // SAFETY: the builder is initialised and the key is whole.
            unsafe { EVP_marshal_public_key(cbb, self.as_ptr()) }
        })?;
        Ok(room[..length].to_vec())
    }

    /// The private key as PrivateKeyInfo (RFC 5208, version 1).
    pub(crate) fn to_pkcs8(&self) -> Result<SecretBytes, Unspecified> {
        secret_der(|cbb| {
            // SAFETY: the builder is initialised and the key is whole.
            unsafe { EVP_marshal_private_key(cbb, self.as_ptr()) }
        })
    }

    /// The public key as its family's standard encodes it by itself.
    pub(crate) fn to_raw_public(&self) -> Result<Vec<u8>, Unspecified> {
        let mut bytes = vec![0; LONGEST];
        let mut length = bytes.len();
        // SAFETY: the key is whole; `bytes` has the length said.
        succeeded(unsafe {
            EVP_PKEY_get_raw_public_key(self.as_ptr(), bytes.as_mut_ptr(), &raw mut length)
        })?;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// A context for one operation with this key.
    pub(crate) fn context(&self) -> Result<Context, Unspecified> {
        // SAFETY: the key is whole; the context holds a reference of its own.
        unsafe { Context::from_owned(EVP_PKEY_CTX_new(self.as_ptr(), core::ptr::null_mut())) }
    }

    fn is_of(&self, family: c_int) -> bool {
        // SAFETY: reads the key's type.
        unsafe { EVP_PKEY_id(self.as_ptr()) == family }
    }
}

impl Drop for Pkey {
    fn drop(&mut self) {
        // In a forked child the memory of a private key is wiped, and its counter with it: it is left alone.
        if self.generation == fork::generation() {
            // SAFETY: one hold is given up, and it is not used again.
            unsafe { EVP_PKEY_free(self.as_ptr()) };
        }
    }
}

impl core::fmt::Debug for Pkey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pkey(<redacted>)")
    }
}

/// A key with a private part. It is useless in a process forked from the one that made it.
#[derive(Debug)]
pub(crate) struct PrivatePkey {
    key: Pkey,
    /// The public part by itself, in memory that is no secret: it outlives the key, and a fork.
    public: Pkey,
}

/// A private key while it is used: whatever AWS-LC allocates meanwhile is secret.
pub(crate) struct InUse<'a> {
    key: &'a Pkey,
    _secrets: Secrets,
}

impl Deref for InUse<'_> {
    type Target = Pkey;

    fn deref(&self) -> &Pkey {
        self.key
    }
}

impl PrivatePkey {
    /// Makes a key; whatever AWS-LC allocates for it is secret.
    pub(crate) fn make(
        make: impl FnOnce() -> Result<Pkey, Unspecified>,
    ) -> Result<Self, Unspecified> {
        let secrets = Secrets::begin();
        let key = make();
        crate::registers::wipe();
        drop(secrets);
        let key = key?;
        let public = key.to_public()?;
        Ok(Self { key, public })
    }

    /// The key, to use its private part.
    pub(crate) fn key(&self) -> Result<InUse<'_>, Unspecified> {
        if self.key.generation != fork::generation() {
            return Err(Unspecified);
        }
        Ok(InUse {
            key: &self.key,
            _secrets: Secrets::begin(),
        })
    }

    /// The public part.
    pub(crate) fn public(&self) -> Pkey {
        self.public.share()
    }
}

/// An owned EVP_PKEY_CTX.
pub(crate) struct Context(NonNull<EVP_PKEY_CTX>);

impl Context {
    /// A context that makes keys of a family.
    pub(crate) fn of_family(family: c_int) -> Result<Self, Unspecified> {
        // SAFETY: allocates a context; the pointer is owned.
        unsafe { Self::from_owned(EVP_PKEY_CTX_new_id(family, core::ptr::null_mut())) }
    }

    unsafe fn from_owned(context: *mut EVP_PKEY_CTX) -> Result<Self, Unspecified> {
        NonNull::new(context).map(Self).ok_or(Unspecified)
    }

    pub(crate) const fn as_ptr(&mut self) -> *mut EVP_PKEY_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: owned and not used again.
        unsafe { EVP_PKEY_CTX_free(self.as_ptr()) };
    }
}

/// DER of secrets, written in locked memory.
pub(crate) fn secret_der(
    write: impl FnOnce(*mut CBB) -> c_int,
) -> Result<SecretBytes, Unspecified> {
    let mut length = 0;
    let room = SecretBytes::with(LONGEST, |room| {
        length = written(room, write)?;
        Ok(())
    })?;
    SecretBytes::with(length, |exact| {
        exact.copy_from_slice(&room.expose()?[..length]);
        Ok(())
    })
}

/// Lets a function of AWS-LC build DER at the start of `room`; how many bytes it wrote.
fn written(room: &mut [u8], write: impl FnOnce(*mut CBB) -> c_int) -> Result<usize, Unspecified> {
    let mut builder = core::mem::MaybeUninit::<CBB>::uninit();
    let mut length = 0;
    // SAFETY: `init_fixed` initialises the builder over `room`, which outlives it and is not resized; the builder is
    // taken down on every way out. The null pointer says that the bytes stay where they are.
    let done = unsafe {
        CBB_init_fixed(builder.as_mut_ptr(), room.as_mut_ptr(), room.len()) == 1
            && write(builder.as_mut_ptr()) == 1
            && CBB_finish(builder.as_mut_ptr(), core::ptr::null_mut(), &raw mut length) == 1
    };
    // SAFETY: initialised above whatever came after; cleaning up twice is allowed.
    unsafe { CBB_cleanup(builder.as_mut_ptr()) };
    if done { Ok(length) } else { Err(Unspecified) }
}

/// Lets a parser of AWS-LC read all of `der`.
///
/// # Safety
/// `read` reads within the CBS it is given and answers null or a key that is ours.
unsafe fn parsed(
    der: &[u8],
    read: impl FnOnce(*mut CBS) -> *mut EVP_PKEY,
) -> Result<Pkey, Unspecified> {
    let mut cbs = core::mem::MaybeUninit::<CBS>::uninit();
    // SAFETY: `init` sets the view to all of `der`, which outlives it.
    let (key, left) = unsafe {
        CBS_init(cbs.as_mut_ptr(), der.as_ptr(), der.len());
        let key = Pkey::from_owned(read(cbs.as_mut_ptr()));
        (key, aws_lc_sys::CBS_len(cbs.as_ptr()))
    };
    if left == 0 { key } else { Err(Unspecified) }
}

/// Whether a status of AWS-LC is success, as a result; registers are wiped either way.
pub(crate) fn wiped(status: c_int) -> Result<(), Unspecified> {
    crate::registers::wipe();
    succeeded(status)
}
