//! .
use super::Operation;
/// All 56 operations.
pub static OPERATIONS: &[Operation] = &[];
