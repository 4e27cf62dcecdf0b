//! Argon2id (RFC 9106).

use core::ops::RangeInclusive;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use crate::Unspecified;
use crate::secret::SecretBytes;

const MEMORY_KIB: RangeInclusive<u32> = 8 * 1024..=4 * 1024 * 1024;
const PASSES: RangeInclusive<u32> = 1..=64;
const LANES: RangeInclusive<u32> = 1..=16;
const SALT: RangeInclusive<usize> = 16..=1024;
const KEY: usize = 32;

/// What an attacker must pay for each guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Parameters {
    /// Memory in KiB, 8 MiB to 4 GiB.
    pub memory_kib: u32,
    /// Passes over the memory, 1 to 64.
    pub passes: u32,
    /// Lanes, 1 to 16.
    pub lanes: u32,
}

impl Argon2Parameters {
    /// The second recommended option of RFC 9106 section 4: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
}

/// Why a passphrase could not be stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterRange {
    /// Memory is not 8 MiB to 4 GiB.
    Memory,
    /// Passes are not 1 to 64.
    Passes,
    /// Lanes are not 1 to 16.
    Lanes,
    /// The salt is not 16 to 1,024 bytes.
    Salt,
    /// The passphrase is longer than RFC 9106 allows.
    Passphrase,
    /// The memory could not be had.
    OutOfMemory,
}

impl core::fmt::Display for ParameterRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Memory => "Argon2id memory must be 8 MiB to 4 GiB",
            Self::Passes => "Argon2id passes must be 1 to 64",
            Self::Lanes => "Argon2id lanes must be 1 to 16",
            Self::Salt => "an Argon2id salt must be 16 to 1,024 bytes",
            Self::Passphrase => "the passphrase is too long",
            Self::OutOfMemory => "there is not enough memory for these Argon2id parameters",
        })
    }
}

impl core::error::Error for ParameterRange {}

/// Stretches a passphrase into a key of 32 bytes.
pub fn argon2id(
    passphrase: &[u8],
    salt: &[u8],
    parameters: Argon2Parameters,
) -> Result<SecretBytes, ParameterRange> {
    check(salt, parameters)?;
    let Argon2Parameters {
        memory_kib,
        passes,
        lanes,
    } = parameters;
    let params =
        Params::new(memory_kib, passes, lanes, Some(KEY)).map_err(|_| ParameterRange::Memory)?;
    let mut memory = Memory::new(params.block_count())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut fault = None;
    SecretBytes::with(KEY, |out| {
        argon2
            .hash_password_into_with_memory(passphrase, salt, out, &mut memory.0)
            .map_err(|_| {
                fault = Some(ParameterRange::Passphrase);
                Unspecified
            })
    })
    .map_err(|_| fault.unwrap_or(ParameterRange::OutOfMemory))
}

fn check(salt: &[u8], parameters: Argon2Parameters) -> Result<(), ParameterRange> {
    for (fits, fault) in [
        (
            MEMORY_KIB.contains(&parameters.memory_kib),
            ParameterRange::Memory,
        ),
        (PASSES.contains(&parameters.passes), ParameterRange::Passes),
        (LANES.contains(&parameters.lanes), ParameterRange::Lanes),
        (SALT.contains(&salt.len()), ParameterRange::Salt),
    ] {
        if !fits {
            return Err(fault);
        }
    }
    Ok(())
}

/// Argon2's memory, from which the key could be computed again.
struct Memory(Vec<Block>);

impl Memory {
    fn new(blocks: usize) -> Result<Self, ParameterRange> {
        let mut memory = Vec::new();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| ParameterRange::OutOfMemory)?;
        memory.resize(blocks, Block::default());
        Ok(Self(memory))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use argon2::{AssociatedData, ParamsBuilder};

    use super::*;

    const SMALLEST: Argon2Parameters = Argon2Parameters {
        memory_kib: 8192,
        passes: 1,
        lanes: 1,
    };

    #[test]
    fn the_library_gives_the_answer_of_rfc_9106_section_5_3() {
        let mut params = ParamsBuilder::new();
        params
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .output_len(KEY)
            .data(AssociatedData::new(&[4; 12]).unwrap());
        let mut tag = [0; KEY];
        Argon2::new_with_secret(
            &[3; 8],
            Algorithm::Argon2id,
            Version::V0x13,
            params.build().unwrap(),
        )
        .unwrap()
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .unwrap();
        let answer: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            answer,
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
        );
    }

    #[test]
    fn parameters_out_of_range_are_refused_by_name() {
        for (parameters, fault) in [
            (
                Argon2Parameters {
                    memory_kib: 8191,
                    ..SMALLEST
                },
                ParameterRange::Memory,
            ),
            (
                Argon2Parameters {
                    memory_kib: 4 * 1024 * 1024 + 1,
                    ..SMALLEST
                },
                ParameterRange::Memory,
            ),
            (
                Argon2Parameters {
                    passes: 0,
                    ..SMALLEST
                },
                ParameterRange::Passes,
            ),
            (
                Argon2Parameters {
                    passes: 65,
                    ..SMALLEST
                },
                ParameterRange::Passes,
            ),
            (
                Argon2Parameters {
                    lanes: 0,
                    ..SMALLEST
                },
                ParameterRange::Lanes,
            ),
            (
                Argon2Parameters {
                    lanes: 17,
                    ..SMALLEST
                },
                ParameterRange::Lanes,
            ),
        ] {
            assert_eq!(
                argon2id(b"passphrase", &[1; 16], parameters).err(),
                Some(fault)
            );
        }
        for length in [0, 15, 1025] {
            assert_eq!(
                argon2id(b"passphrase", &vec![1; length], SMALLEST).err(),
                Some(ParameterRange::Salt)
            );
        }
    }

    #[test]
    fn an_empty_passphrase_and_every_salt_give_keys_of_their_own() {
        let one = argon2id(b"", &[1; 16], SMALLEST).unwrap();
        assert!(!one.equals(argon2id(b"", &[2; 16], SMALLEST).unwrap().expose().unwrap()));
        assert!(one.equals(argon2id(b"", &[1; 16], SMALLEST).unwrap().expose().unwrap()));
    }
}
