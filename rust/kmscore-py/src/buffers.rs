//! The binding's only unsafe code: bytes of Python objects as slices while the interpreter may be released.

use core::mem::MaybeUninit;

use kmscore_crypto::Unspecified;
use kmscore_crypto::out::Room;
use kmscore_sys::huge_pages;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::exceptions::ParameterError;

/// A contiguous buffer of any item type, held for as long as this value lives.
pub(crate) struct Buffer(PyUntypedBuffer);

impl Buffer {
    /// Takes a C-contiguous buffer.
    pub(crate) fn new(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(object).map_err(|_| {
            ParameterError::new_err(format!("{name} does not support the buffer protocol"))
        })?;
        if !buffer.is_c_contiguous() {
            return Err(ParameterError::new_err(format!(
                "{name} is not contiguous in memory"
            )));
        }
        Ok(Self(buffer))
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.0.len_bytes() == 0 {
            return &[];
        }
        // SAFETY: the buffer is contiguous, and the exporter keeps it alive and in place until it is released, which
        // the borrow of `self` prevents. Another thread may write into a bytearray or numpy array while the interpreter
        // is released; no Python object can prevent that, the documentation forbids it, and each byte is read once.
        unsafe { core::slice::from_raw_parts(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }

    /// Its bytes, to be written.
    pub(crate) fn bytes_mut(&mut self, name: &str) -> PyResult<&mut [u8]> {
        if self.0.readonly() {
            return Err(ParameterError::new_err(format!("{name} is read-only")));
        }
        if self.0.len_bytes() == 0 {
            return Ok(&mut []);
        }
        // SAFETY: as in `bytes`; the buffer is writable, and the unique borrow of `self` makes this the only slice we have.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.0.buf_ptr().cast(), self.0.len_bytes()) })
    }
}

impl Buffer {
    /// The first `length` of its bytes, to be written; `what` needs them.
    pub(crate) fn start_mut(
        &mut self,
        name: &str,
        length: usize,
        what: &str,
    ) -> PyResult<&mut [u8]> {
        let room = self.bytes_mut(name)?;
        let available = room.len();
        room.get_mut(..length).ok_or_else(|| {
            PyValueError::new_err(format!(
                "{name} has {available} bytes: the {what} needs {length}"
            ))
        })
    }
}

/// Bytes to be read: of a bytes object without further ado, else of any contiguous buffer.
pub(crate) enum Input<'py> {
    Bytes(Bound<'py, PyBytes>),
    Buffer(Buffer),
}

impl<'py> Input<'py> {
    /// Takes an object.
    pub(crate) fn new(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Self> {
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        Buffer::new(object, name).map(Self::Buffer)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Buffer(buffer) => buffer.bytes(),
        }
    }
}

/// New bytes objects that nobody else has seen, and so may still be written.
#[derive(Default)]
pub(crate) struct FreshBytes<'py>(Vec<Option<Bound<'py, PyBytes>>>);

impl<'py> FreshBytes<'py> {
    /// Allocates one zero-filled object for each length; `None` stays `None`.
    pub(crate) fn new(
        py: Python<'py>,
        lengths: impl Iterator<Item = Option<usize>>,
    ) -> PyResult<Self> {
        lengths
            .map(|length| length.map(|length| fresh(py, length)).transpose())
            .collect::<PyResult<_>>()
            .map(Self)
    }

    /// The memory of each object, in order; empty for `None`.
    pub(crate) fn slices(&mut self) -> Vec<&mut [u8]> {
        self.0
            .iter_mut()
            .map(|object| match object {
                // An empty bytes object is shared by the whole interpreter.
                Some(object) if !object.as_bytes().is_empty() => {
                    let (start, length) = (object.as_ptr(), object.as_bytes().len());
                    // SAFETY: `fresh` made this object, nobody else refers to it, and the borrow of `self` keeps it
                    // from being handed out while the slice lives. Its memory is `length` initialised bytes.
                    unsafe {
                        core::slice::from_raw_parts_mut(ffi::PyBytes_AsString(start).cast(), length)
                    }
                }
                _ => &mut [],
            })
            .collect()
    }

    /// Hands the objects out; writing ends here.
    pub(crate) fn into_objects(self) -> Vec<Option<Bound<'py, PyBytes>>> {
        self.0
    }
}

/// A new bytes object that `fill` writes, once, perhaps with the interpreter released.
///
/// Nobody sees it unless `fill` gives the whole room back as written bytes.
pub(crate) fn filled<'py, E: From<Unspecified> + Send>(
    py: Python<'py>,
    length: usize,
    detached: bool,
    fill: impl for<'o> FnOnce(Room<'o>) -> Result<&'o mut [u8], E> + Send,
) -> PyResult<Result<Bound<'py, PyBytes>, E>> {
    let object = unset(py, length)?;
    if length == 0 {
        // An empty bytes object is shared by the whole interpreter, and there is nothing to write.
        return Ok(fill(Room::new(&mut [])).map(|_| object));
    }
    // SAFETY: this object is new, nobody else refers to it, and it lives until the end of this function; its memory is
    // `length` bytes that may not be initialised yet.
    let room = unsafe {
        let start = ffi::PyBytes_AsString(object.as_ptr()).cast::<MaybeUninit<u8>>();
        core::slice::from_raw_parts_mut(start, length)
    };
    huge_pages::advise(room);
    let work = || match fill(Room::uninitialised(room)) {
        Ok(written) if written.len() == length => Ok(()),
        Ok(_) => Err(Unspecified.into()),
        Err(fault) => Err(fault),
    };
    let done = if detached { py.detach(work) } else { work() };
    Ok(done.map(|()| object))
}

/// Whether work on so many bytes is worth releasing the interpreter, which costs as much as a few kilobytes.
pub(crate) const fn is_long(length: usize) -> bool {
    length >= 8 * 1024
}

fn fresh(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyBytes>> {
    let object = unset(py, length)?;
    if length > 0 {
        // SAFETY: the object is new and has `length` bytes.
        unsafe { core::ptr::write_bytes(ffi::PyBytes_AsString(object.as_ptr()), 0, length) };
    }
    Ok(object)
}

/// A bytes object whose memory is not set yet.
fn unset(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyBytes>> {
    let size = ffi::Py_ssize_t::try_from(length)
        .map_err(|_| PyMemoryError::new_err("a result is too long"))?;
    // SAFETY: a null pointer asks for an object of `size` bytes of unset memory.
    unsafe {
        let object = Bound::from_owned_ptr_or_err(
            py,
            ffi::PyBytes_FromStringAndSize(core::ptr::null(), size),
        )?;
        Ok(object.cast_into_unchecked())
    }
}
