//! A sealed record opens as it was written, for what it is bound to, and in no other form.
#![no_main]

use std::sync::LazyLock;

use kmscore::seal::{Binding, Kind, SealingKey, sealing_key_id};
use kmscore_fuzz::Input;
use libfuzzer_sys::fuzz_target;

static GENUINE: LazyLock<(SealingKey, Vec<u8>)> = LazyLock::new(|| {
    let key = SealingKey::new(&[9; 32]).unwrap();
    let record = key.seal(Kind::Material, &binding("row"), &[7; 32]).unwrap();
    (key, record)
});

fuzz_target!(|input: Input| {
    let (key, genuine) = &*GENUINE;
    let bytes = input.bytes(genuine);
    let _ = sealing_key_id(&bytes);
    assert_eq!(
        key.open(Kind::Material, &binding("row"), &bytes).is_ok(),
        &bytes == genuine
    );
    assert!(
        key.open(Kind::Material, &binding("another row"), &bytes)
            .is_err()
    );
    assert!(key.open(Kind::DomainKey, &binding("row"), &bytes).is_err());
});

fn binding(row: &str) -> Binding {
    Binding::default()
        .with("table", "key_material")
        .with("row", row)
}
