//! SM2 against the published samples, and every way to damage what it makes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use ::sm2::dsa::signature::Verifier;
use ::sm2::pkcs8::EncodePrivateKey;

use super::*;

// The samples of GM/T 0003.5-2012: A.2 is a signature, C.2 a ciphertext, here with its parts in DER.
const SCALAR: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const POINT: &str = concat!(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
);
const IDENTITY: &str = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3";
const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
const SIGNATURE: &str = concat!(
    "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
);
const CIPHERTEXT: &str = concat!(
    "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
    "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
    "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766",
    "041321886ca989ca9c7d58087307ca93092d651efa",
);

/// The order of the curve's group without its last byte, which is 0x23.
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn key() -> PrivateKey {
    PrivateKey::from_scalar(&hex(SCALAR)).unwrap()
}

/// The key of a number below 256.
fn small(number: u8) -> Result<PrivateKey, Unspecified> {
    let mut scalar = [0; LENGTH];
    scalar[31] = number;
    PrivateKey::from_scalar(&scalar)
}

/// Every variant of these bytes with one bit changed, and every shorter and one longer one.
fn variants(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flipped = (0..8 * bytes.len()).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    });
    let shorter = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    flipped.chain(shorter).chain([[bytes, &[0]].concat()])
}

#[test]
fn the_published_samples_come_out() {
    let key = key();
    let public = key.public_key();
    assert_eq!(public.coordinates().as_slice(), hex(POINT));
    assert_eq!(public.identity().as_slice(), hex(IDENTITY));
    let e = public.digest(b"message digest");
    assert_eq!(e.as_slice(), hex(E));
    public.verify_digest(&e, &hex(SIGNATURE)).unwrap();
    let plaintext = key.decrypt(&hex(CIPHERTEXT)).unwrap();
    assert_eq!(plaintext.as_slice(), b"encryption standard");
}

#[test]
fn signatures_verify_here_and_in_the_crate_over_the_message() {
    for length in 0..70 {
        let key = PrivateKey::generate().unwrap();
        let public = key.public_key();
        let message = vec![7; length];
        let mut e = public.digest(&message);
        let signature = key.sign_digest(&e).unwrap();
        public.verify_digest(&e, &signature).unwrap();
        assert_ne!(key.sign_digest(&e).unwrap(), signature, "k is fresh");
        let raw = Signature::from_der(&signature).unwrap();
        let theirs = VerifyingKey::new(IDENTIFIER, public.0).unwrap();
        theirs.verify(&message, &raw).unwrap();
        e[length % LENGTH] ^= 1;
        assert!(public.verify_digest(&e, &signature).is_err());
    }
}

#[test]
fn every_changed_signature_is_refused() {
    let public = key().public_key();
    let e = public.digest(b"message digest");
    for changed in variants(&hex(SIGNATURE)) {
        assert!(public.verify_digest(&e, &changed).is_err());
    }
    let raw = Signature::from_der(&hex(SIGNATURE)).unwrap().to_vec();
    assert!(public.verify_digest(&e, &raw).is_err());
}

#[test]
fn plaintexts_of_every_length_come_back() {
    let key = PrivateKey::generate().unwrap();
    let public = key.public_key();
    for length in (1..=100).chain([1023, 1024]) {
        let plaintext = vec![7; length];
        let ciphertext = public.encrypt(&plaintext).unwrap();
        assert_ne!(
            public.encrypt(&plaintext).unwrap(),
            ciphertext,
            "k is fresh"
        );
        assert_eq!(*key.decrypt(&ciphertext).unwrap(), plaintext);
        assert!(small(1).unwrap().decrypt(&ciphertext).is_err());
    }
    assert!(public.encrypt(&[]).is_err());
}

#[test]
fn every_changed_ciphertext_is_refused() {
    let key = key();
    for changed in variants(&hex(CIPHERTEXT)) {
        assert!(key.decrypt(&changed).is_err());
    }
    // Without C2, and with its SEQUENCE shorter by its 19 bytes.
    let empty = CIPHERTEXT[..CIPHERTEXT.len() - 40].replacen("307c", "3069", 1) + "00";
    assert_eq!(hex(&empty).len(), 2 + 0x69);
    assert!(key.decrypt(&hex(&empty)).is_err());
}

#[test]
fn scalars_are_32_bytes_and_from_1_to_n_less_2() {
    let order = |last| [hex(ORDER), vec![last]].concat();
    for scalar in [order(0x21), order(0x20), vec![0x7F; LENGTH]] {
        let key = PrivateKey::from_scalar(&scalar).unwrap();
        assert!(key.to_scalar().unwrap().equals(&scalar));
        let signature = key.sign_digest(&[7; LENGTH]).unwrap();
        key.public_key()
            .verify_digest(&[7; LENGTH], &signature)
            .unwrap();
    }
    assert!(small(1).is_ok() && small(0).is_err());
    for scalar in [order(0x22), order(0x23), order(0x24), vec![0xFF; LENGTH]] {
        assert!(PrivateKey::from_scalar(&scalar).is_err());
    }
    for length in [0, 24, 31, 33, 64] {
        assert!(PrivateKey::from_scalar(&vec![1; length]).is_err());
    }
}

#[test]
fn both_sides_agree_on_the_x_coordinate_of_the_product() {
    let (three, five) = (small(3).unwrap(), small(5).unwrap());
    let fifteen = small(15).unwrap().public_key().coordinates();
    for (one, other) in [(&three, &five), (&five, &three)] {
        let shared = one.agree(&other.public_key()).unwrap();
        assert!(shared.equals(&fifteen[..LENGTH]));
    }
    let other = PrivateKey::generate().unwrap();
    let shared = key().agree(&other.public_key()).unwrap();
    let same = other.agree(&key().public_key()).unwrap();
    assert!(same.equals(shared.expose().unwrap()));
}

#[test]
fn only_the_one_form_of_a_public_key_is_read() {
    let public = key().public_key();
    let spki = public.to_spki();
    assert_eq!(PublicKey::from_spki(&spki).unwrap(), public);
    for changed in variants(&spki) {
        assert!(PublicKey::from_spki(&changed).is_err());
    }
    // A point off the curve, and one whose x is not reduced.
    for coordinates in [[0; COORDINATES], [1; COORDINATES], [0xFF; COORDINATES]] {
        let spki = [SPKI_HEADER.as_slice(), &coordinates].concat();
        assert!(PublicKey::from_spki(&spki).is_err());
    }
    for point in [
        public.0.to_sec1_point(true).as_bytes().to_vec(),
        vec![0],
        vec![],
    ] {
        let bits = [vec![0], point].concat();
        let spki = sequence(&[&SPKI_HEADER[2..23], &field(0x03, &bits)]);
        assert!(PublicKey::from_spki(&spki).is_err());
    }
}

fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128);
    [&[tag, length], content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    field(0x30, &parts.concat())
}

/// PKCS#8 with this version, scalar, and what follows it in the ECPrivateKey.
fn pkcs8(version: u8, scalar: &[u8], rest: &[u8]) -> Vec<u8> {
    let inner = sequence(&[&[2, 1, 1], &field(0x04, scalar), rest]);
    let outer = [&[2, 1, version], &PKCS8_HEADER[6..27], &field(0x04, &inner)];
    sequence(&outer)
}

#[test]
fn pkcs8_is_what_the_crate_writes_and_comes_back() {
    let key = key();
    let der = key.to_pkcs8().unwrap();
    let theirs = SecretKey::from_slice(&hex(SCALAR)).unwrap();
    assert!(der.equals(theirs.to_pkcs8_der().unwrap().as_bytes()));
    let again = PrivateKey::from_pkcs8(der.expose().unwrap()).unwrap();
    assert!(again.to_scalar().unwrap().equals(&hex(SCALAR)));
    assert_eq!(again.public_key(), key.public_key());
    for changed in variants(der.expose().unwrap()) {
        assert!(PrivateKey::from_pkcs8(&changed).is_err());
    }
}

#[test]
fn pkcs8_may_lack_the_public_key_and_name_the_curve_twice() {
    let name = |oid: &[u8]| field(0xA0, &field(0x06, oid));
    let curve = &PKCS8_HEADER[19..27];
    for rest in [vec![], name(curve)] {
        let key = PrivateKey::from_pkcs8(&pkcs8(0, &hex(SCALAR), &rest)).unwrap();
        assert!(key.to_scalar().unwrap().equals(&hex(SCALAR)));
    }
    let p256 = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    for refused in [
        pkcs8(1, &hex(SCALAR), &[]),
        pkcs8(0, &[0; LENGTH], &[]),
        pkcs8(0, &[1; LENGTH - 1], &[]),
        pkcs8(0, &[0; LENGTH + 1], &[]),
        pkcs8(0, &hex(SCALAR), &name(&p256)),
    ] {
        assert!(PrivateKey::from_pkcs8(&refused).is_err());
    }
}

#[test]
fn debug_shows_nothing_of_a_private_key() {
    assert_eq!(format!("{:?}", key()), "PrivateKey(<redacted>)");
}

#[test]
fn a_key_of_the_parent_is_refused_in_a_forked_child() {
    let key = key();
    let refusals = || {
        u8::from(key.sign_digest(&[7; LENGTH]).is_err())
            + u8::from(key.agree(&key.public).is_err())
            + u8::from(key.to_scalar().is_err())
            + u8::from(key.to_pkcs8().is_err())
    };
    assert_eq!(refusals(), 0);
    // SAFETY: the child runs only `refusals`, which allocates nothing when it is refused, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(refusals().into()) };
    }
    let mut status = 0;
    // SAFETY: waits for the child made above and writes one integer.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status));
    assert_eq!(libc::WEXITSTATUS(status), 4);
}

/// The crate holds a scalar d as d * 2^256 mod n, in words: these are the middle two of `SCALAR`.
#[cfg(all(target_os = "linux", target_endian = "little"))]
#[test]
fn a_use_leaves_no_scalar_on_the_stack() {
    use std::os::unix::fs::FileExt;
    use std::sync::mpsc::channel;

    const WORDS: [u64; 2] = [0xf12a_0427_e888_9cca, 0x5d74_ccd2_ada1_8864];
    fn found_after(work: impl FnOnce() + Send) -> usize {
        let ((tell, told), (release, released)) = (channel(), channel::<()>());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                work();
                let here = 0_u8;
                tell.send((&raw const here).addr()).unwrap();
                released.recv().unwrap();
            });
            // Not the thread itself: reading would overwrite what it looks for.
            let here = told.recv().unwrap();
            let mut stack = vec![0; STACK];
            let memory = std::fs::File::open("/proc/self/mem").unwrap();
            let below = u64::try_from(here - STACK).unwrap();
            memory.read_exact_at(&mut stack, below).unwrap();
            release.send(()).unwrap();
            let words: Vec<u8> = WORDS.iter().flat_map(|word| word.to_le_bytes()).collect();
            stack.windows(16).filter(|part| *part == words).count()
        })
    }
    let key = key();
    let point = key.public_key();
    let ciphertext = hex(CIPHERTEXT);
    let der = key.to_pkcs8().unwrap();
    let scalar = der.expose().unwrap()[36..68].to_vec();
    let control = || {
        let key = SigningKey::from_slice(IDENTIFIER, &scalar).unwrap();
        key.sign_prehash_with_rng(&mut Random, &[7; LENGTH])
            .unwrap();
    };
    assert_ne!(found_after(control), 0, "the control: the crate leaves it");
    assert_eq!(found_after(|| drop(key.sign_digest(&[7; LENGTH]))), 0);
    assert_eq!(found_after(|| drop(key.decrypt(&ciphertext))), 0);
    assert_eq!(found_after(|| drop(key.agree(&point))), 0);
    let read = || drop(PrivateKey::from_pkcs8(der.expose().unwrap()));
    assert_eq!(found_after(read), 0);
}
