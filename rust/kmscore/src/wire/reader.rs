//! A strict JSON reader (RFC 8259) that copies nothing it need not copy and wipes what it did.

use core::ops::Deref;

use zeroize::Zeroizing;

/// The deepest nesting of objects and arrays that is read.
pub(super) const DEPTH_LIMIT: usize = 32;

/// What is wrong with the text; it never quotes it.
pub(super) type Fault = &'static str;

/// What stands next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// The content of a string.
pub(super) enum Text<'a> {
    /// As it stands in the document.
    Verbatim(&'a str),
    /// With its escapes resolved.
    Unescaped(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Verbatim(text) => text,
            Self::Unescaped(text) => text,
        }
    }
}

/// A place in a document.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a [u8]) -> Result<Self, Fault> {
        let text = str::from_utf8(document).map_err(|_| "the document is not UTF-8")?;
        Ok(Self {
            text,
            at: 0,
            depth: 0,
        })
    }

    /// What stands next, white space skipped.
    pub(super) fn peek(&mut self) -> Result<Next, Fault> {
        match self.skip_space() {
            Some(b'{') => Ok(Next::Object),
            Some(b'[') => Ok(Next::Array),
            Some(b'"') => Ok(Next::String),
            Some(b'-' | b'0'..=b'9') => Ok(Next::Number),
            Some(b't') => Ok(Next::True),
            Some(b'f') => Ok(Next::False),
            Some(b'n') => Ok(Next::Null),
            Some(_) => Err("a value was expected"),
            None => Err("the document ends too early"),
        }
    }

    /// Reads an object; `entry` must read the value of each name.
    pub(super) fn object(
        &mut self,
        mut entry: impl FnMut(&mut Self, Text<'a>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.container(b'{', b'}', |reader| {
            if reader.skip_space() != Some(b'"') {
                return Err("a name was expected");
            }
            let name = reader.string()?;
            reader.expect(b':', "a colon was expected")?;
            entry(reader, name)
        })
    }

    /// Reads an array; `item` must read each value.
    pub(super) fn array(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.container(b'[', b']', item)
    }

    fn container(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.expect(open, "an object or array was expected")?;
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err("the document is nested too deeply");
        }
        if self.skip_space() != Some(close) {
            item(self)?;
            while self.skip_space() == Some(b',') {
                self.at += 1;
                item(self)?;
            }
        }
        self.depth -= 1;
        self.expect(
            close,
            "a comma or the end of an object or array was expected",
        )
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"', "a string was expected")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.byte().ok_or("a string does not end")? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                0..=0x1F => return Err("a control character stands in a string"),
                _ => self.at += 1,
            }
        }
        let content = &self.text[start..self.at];
        self.at += 1;
        if escaped {
            unescape(content).map(Text::Unescaped)
        } else {
            Ok(Text::Verbatim(content))
        }
    }

    /// Reads a number; its text is what RFC 8259 allows.
    pub(super) fn number(&mut self) -> Result<&'a str, Fault> {
        self.skip_space();
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        match self.digits() {
            0 => return Err("a number has no digits"),
            1 => {}
            _ if self.text[start..].trim_start_matches('-').starts_with('0') => {
                return Err("a number begins with zero");
            }
            _ => {}
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.some_digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Reads `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Fault> {
        self.skip_space();
        if !self.text[self.at..].starts_with(word) {
            return Err("an unknown word stands in the document");
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads past any value.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            Next::Object => self.object(|reader, _| reader.skip()),
            Next::Array => self.array(Self::skip),
            Next::String => self.string().map(drop),
            Next::Number => self.number().map(drop),
            Next::True => self.word("true"),
            Next::False => self.word("false"),
            Next::Null => self.word("null"),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.skip_space()
            .map_or(Ok(()), |_| Err("something follows the document"))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn expect(&mut self, byte: u8, otherwise: Fault) -> Result<(), Fault> {
        if self.skip_space() != Some(byte) {
            return Err(otherwise);
        }
        self.at += 1;
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        self.at - start
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        if self.digits() == 0 {
            Err("a number lacks digits")
        } else {
            Ok(())
        }
    }
}

/// No text grows when its escapes are resolved, so the buffer never moves and leaves no copy behind.
fn unescape(content: &str) -> Result<Zeroizing<String>, Fault> {
    let mut out = Zeroizing::new(String::with_capacity(content.len()));
    let mut rest = content;
    while let Some(place) = rest.find('\\') {
        out.push_str(&rest[..place]);
        let (character, length) = escape(&rest[place + 1..])?;
        out.push(character);
        rest = &rest[place + 1 + length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The character an escape stands for, and the length of the escape after its backslash.
fn escape(text: &str) -> Result<(char, usize), Fault> {
    let simple = match text.bytes().next() {
        Some(b'u') => return unicode_escape(&text[1..]),
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => return Err("an unknown escape stands in a string"),
    };
    Ok((simple, 1))
}

/// Four hex digits, or a surrogate pair of two such escapes (RFC 8259 section 7).
fn unicode_escape(text: &str) -> Result<(char, usize), Fault> {
    const FAULT: Fault = "a Unicode escape in a string is malformed";
    let high = hex_digits(text).ok_or(FAULT)?;
    if let Some(character) = char::from_u32(high) {
        return Ok((character, 5));
    }
    let low = text
        .get(4..)
        .and_then(|rest| rest.strip_prefix("\\u"))
        .and_then(hex_digits)
        .ok_or(FAULT)?;
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return Err(FAULT);
    }
    let character = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    Ok((char::from_u32(character).ok_or(FAULT)?, 11))
}

fn hex_digits(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    // `from_str_radix` takes a sign, JSON does not.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}
