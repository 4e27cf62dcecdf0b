//! Any bytes are read as a header or refused, whole or in part, and no changed header opens a message.
#![no_main]

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../../kmscore/tests/common/messages.rs"]
mod messages;

use std::sync::LazyLock;

use kmscore::envelope::context;
use kmscore::envelope::header::{Header, HeaderFault, HeaderView};
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use messages::{NO_LIMITS, POLICY, SIGNED, UNSIGNED, data_key, materials, message, open, pairs};

static GENUINE: LazyLock<[(Vec<u8>, usize); 2]> = LazyLock::new(|| {
    [UNSIGNED, SIGNED].map(|suite| {
        let materials = materials(
            suite,
            data_key(1),
            pairs(&[("app", "fuzz"), ("ключ", "𐐀")]),
            &[],
        );
        (
            message(&materials, b"plaintext", 4, 1),
            materials.header_length(),
        )
    })
});

fuzz_target!(|input: (bool, Input)| {
    let (genuine, length) = &GENUINE[usize::from(input.0)];
    let header = input.1.bytes(&genuine[..*length]);
    match HeaderView::parse(&header, NO_LIMITS) {
        Ok(view) => check(&header, &view),
        // What can be completed was not refused for its length alone.
        Err(HeaderFault::Incomplete) => assert!(header.len() < 3 * 65_535 * 65_535),
        Err(HeaderFault::Malformed(text)) => assert!(!text.is_empty()),
    }
    let whole = [&header, &genuine[*length..]].concat();
    let opened = open(&whole, &data_key(1), &[], 1);
    assert_eq!(opened.is_ok(), &whole == genuine, "a changed header opened");
});

fn check(header: &[u8], view: &HeaderView<'_>) {
    assert!(view.length <= header.len() && view.body.len() < view.length);
    for cut in [0, view.length / 2, view.length - 1] {
        assert_eq!(
            HeaderView::parse(&header[..cut], NO_LIMITS),
            Err(HeaderFault::Incomplete)
        );
    }
    if let Ok(keys) = view.encrypted_data_keys() {
        assert!(!keys.is_empty());
    }
    if let Ok(pairs) = view.stored_context() {
        assert_eq!(
            context::serialise(&pairs).unwrap().len(),
            view.context.len()
        );
    }
    let _ = Header::read(header, POLICY, NO_LIMITS, &[]);
    let _ = Header::inspect(header);
}
