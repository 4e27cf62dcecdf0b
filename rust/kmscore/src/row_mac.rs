//! The canonical content of a row, over which its MAC is made. docs/formats.md "Row MAC".

use crate::store_fault::{StoreFault, StoreResult};

/// The value of a column in a row MAC.
#[derive(Debug)]
pub enum Column {
    /// SQL NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The bytes a row MAC is made over; the columns are sorted by name on the way.
pub(crate) fn row_content(table: &str, columns: &mut [(String, Column)]) -> StoreResult<Vec<u8>> {
    columns.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut out = Vec::with_capacity(256);
    push_name(&mut out, table)?;
    for (name, value) in columns.iter() {
        push_name(&mut out, name)?;
        let decimal;
        let (kind, bytes): (u8, &[u8]) = match value {
            Column::Null => (0, &[]),
            Column::Integer(number) => {
                decimal = number.to_string();
                (1, decimal.as_bytes())
            }
            Column::Text(text) => (2, text.as_bytes()),
            Column::Bytes(bytes) => (3, bytes),
        };
        out.push(kind);
        let length = u32::try_from(bytes.len()).map_err(|_| too_long(name))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

fn push_name(out: &mut Vec<u8>, name: &str) -> StoreResult<()> {
    let length = u16::try_from(name.len()).map_err(|_| too_long(name))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

fn too_long(name: &str) -> StoreFault {
    StoreFault::Integrity(format!("column {name} is too long for a row"))
}
