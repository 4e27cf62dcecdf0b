//! Writing JSON text by hand: audit records are built on the path of every call.

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    // No early exit: the compiler then looks at many bytes at once, and there is hardly ever one to escape.
    if text
        .bytes()
        .fold(false, |found, byte| found | must_be_escaped(byte))
    {
        push_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

const fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(out: &mut String, text: &str) {
    let mut plain = 0;
    for (at, byte) in text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| must_be_escaped(*byte))
    {
        out.push_str(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            control => {
                out.push_str("\\u00");
                crate::hex::push(out, &[control]);
            }
        }
    }
    out.push_str(&text[plain..]);
}

/// Appends `,"name":`.
pub(crate) fn push_name(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

/// Appends a decimal number.
pub(crate) fn push_integer(out: &mut String, number: impl core::fmt::Display) {
    use core::fmt::Write;
    write!(out, "{number}").expect("writing to a String does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_text_reads_back_as_itself(text: String) {
            let mut out = String::new();
            push_string(&mut out, &text);
            let back: String = serde_json::from_str(&out).expect("valid JSON");
            proptest::prop_assert_eq!(back, text);
        }
    }
}
