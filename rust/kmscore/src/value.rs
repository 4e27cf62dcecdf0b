//! Values that travel between a door and an operation, and the requests and responses made of them.

use zeroize::Zeroizing;

/// A value of the KMS service model.
///
/// Blobs are wiped on drop: a plaintext is a blob before it is anything else. There is no `Clone`, and `Debug` shows the kind only.
pub enum Value {
    /// A boolean.
    Boolean(bool),
    /// An integer or long.
    Integer(i64),
    /// A text.
    String(String),
    /// Bytes; base64 on the wire.
    Blob(Zeroizing<Vec<u8>>),
    /// Seconds since 1970, with a fraction.
    Timestamp(f64),
    /// A list.
    List(Vec<Self>),
    /// A map of text to text (encryption contexts), in the caller's order.
    Map(Vec<(String, String)>),
    /// A nested structure.
    Structure(Members),
}

/// Members of a structure: the name as the service model spells it, and its value.
pub type Members = Vec<(&'static str, Value)>;

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Boolean(_) => "Boolean",
            Self::Integer(_) => "Integer",
            Self::String(_) => "String",
            Self::Blob(_) => "Blob",
            Self::Timestamp(_) => "Timestamp",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
            Self::Structure(_) => "Structure",
        })
    }
}

/// The input of one call: only members that the caller sent, each of the declared kind.
#[derive(Debug, Default)]
pub struct Request {
    members: Members,
}

/// The output of one call.
pub type Response = Members;

impl Request {
    /// A request of these members; the door has checked names and kinds against the declaration.
    #[must_use]
    pub fn new(members: Members) -> Self {
        Self { members }
    }

    /// The value of a member, if it was sent.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }

    /// All members that were sent.
    #[must_use]
    pub fn members(&self) -> &[(&'static str, Value)] {
        &self.members
    }

    /// The text of a member.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.member(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a member.
    #[must_use]
    pub fn blob(&self, name: &str) -> Option<&[u8]> {
        match self.member(name) {
            Some(Value::Blob(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The integer of a member.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.member(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The truth of a member; an absent one is false.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.member(name), Some(Value::Boolean(true)))
    }

    /// The pairs of a map member; an absent one is empty.
    #[must_use]
    pub fn map(&self, name: &str) -> &[(String, String)] {
        match self.member(name) {
            Some(Value::Map(pairs)) => pairs,
            _ => &[],
        }
    }

    /// The items of a list member; an absent one is empty.
    #[must_use]
    pub fn list(&self, name: &str) -> &[Value] {
        match self.member(name) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }
}
