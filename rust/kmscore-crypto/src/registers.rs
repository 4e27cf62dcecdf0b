//! Vector registers. AWS-LC leaves round keys and hash states in them; whoever saves registers next, the dynamic linker
//! or a function with variable arguments, would write them to the stack, where nobody wipes them.

/// Overwrites the vector registers with zeros. Call it after every use of a key: it costs a few nanoseconds.
#[inline]
pub(crate) fn wipe() {
    #[cfg(target_arch = "x86_64")]
    x86_64::wipe();
    #[cfg(target_arch = "aarch64")]
    aarch64::wipe();
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use core::arch::asm;
    use std::arch::is_x86_feature_detected;

    #[inline]
    pub(super) fn wipe() {
        if is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor and the system have AVX-512.
            unsafe { wipe_second_sixteen() };
        }
        if is_x86_feature_detected!("avx") {
            // SAFETY: the processor and the system have AVX.
            unsafe { core::arch::x86_64::_mm256_zeroall() };
        } else {
            wipe_sse();
        }
    }

    #[target_feature(enable = "avx512vl")]
    fn wipe_second_sixteen() {
        // Writing the lower 128 bits zeroes the rest of each register.
        // SAFETY: all registers written are declared as such; no memory and no flags are touched.
        unsafe {
            asm!(
                "vpxord xmm16, xmm16, xmm16", "vpxord xmm17, xmm17, xmm17", "vpxord xmm18, xmm18, xmm18",
                "vpxord xmm19, xmm19, xmm19", "vpxord xmm20, xmm20, xmm20", "vpxord xmm21, xmm21, xmm21",
                "vpxord xmm22, xmm22, xmm22", "vpxord xmm23, xmm23, xmm23", "vpxord xmm24, xmm24, xmm24",
                "vpxord xmm25, xmm25, xmm25", "vpxord xmm26, xmm26, xmm26", "vpxord xmm27, xmm27, xmm27",
                "vpxord xmm28, xmm28, xmm28", "vpxord xmm29, xmm29, xmm29", "vpxord xmm30, xmm30, xmm30",
                "vpxord xmm31, xmm31, xmm31",
                out("xmm16") _, out("xmm17") _, out("xmm18") _, out("xmm19") _, out("xmm20") _, out("xmm21") _,
                out("xmm22") _, out("xmm23") _, out("xmm24") _, out("xmm25") _, out("xmm26") _, out("xmm27") _,
                out("xmm28") _, out("xmm29") _, out("xmm30") _, out("xmm31") _,
                options(nomem, nostack, preserves_flags)
            );
        }
    }

    fn wipe_sse() {
        // SAFETY: as above; SSE2 belongs to the architecture.
        unsafe {
            asm!(
                "pxor xmm0, xmm0", "pxor xmm1, xmm1", "pxor xmm2, xmm2", "pxor xmm3, xmm3", "pxor xmm4, xmm4",
                "pxor xmm5, xmm5", "pxor xmm6, xmm6", "pxor xmm7, xmm7", "pxor xmm8, xmm8", "pxor xmm9, xmm9",
                "pxor xmm10, xmm10", "pxor xmm11, xmm11", "pxor xmm12, xmm12", "pxor xmm13, xmm13",
                "pxor xmm14, xmm14", "pxor xmm15, xmm15",
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                options(nomem, nostack, preserves_flags)
            );
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod aarch64 {
    use core::arch::asm;

    #[inline]
    pub(super) fn wipe() {
        // v8 to v15 hold their callers' lower halves, which AWS-LC restored.
        // SAFETY: all registers written are declared as such; no memory and no flags are touched.
        unsafe {
            asm!(
                "movi v0.16b, #0", "movi v1.16b, #0", "movi v2.16b, #0", "movi v3.16b, #0", "movi v4.16b, #0",
                "movi v5.16b, #0", "movi v6.16b, #0", "movi v7.16b, #0", "movi v16.16b, #0", "movi v17.16b, #0",
                "movi v18.16b, #0", "movi v19.16b, #0", "movi v20.16b, #0", "movi v21.16b, #0", "movi v22.16b, #0",
                "movi v23.16b, #0", "movi v24.16b, #0", "movi v25.16b, #0", "movi v26.16b, #0", "movi v27.16b, #0",
                "movi v28.16b, #0", "movi v29.16b, #0", "movi v30.16b, #0", "movi v31.16b, #0",
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _,
                out("v7") _, out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _,
                out("v22") _, out("v23") _, out("v24") _, out("v25") _, out("v26") _, out("v27") _, out("v28") _,
                out("v29") _, out("v30") _, out("v31") _,
                options(nomem, nostack, preserves_flags)
            );
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use core::arch::asm;

    #[test]
    fn registers_are_zero_after_wiping() {
        let secret = [0xEE_u8; 16];
        let mut found = secret;
        // SAFETY: reads 16 bytes of `secret`; the registers written are declared.
        unsafe {
            asm!("movdqu xmm7, [{0}]", "movdqu xmm15, [{0}]", in(reg) secret.as_ptr(), out("xmm7") _, out("xmm15") _);
        }
        super::wipe();
        // SAFETY: writes 16 bytes of `found`.
        unsafe {
            asm!("por xmm7, xmm15", "movdqu [{0}], xmm7", in(reg) found.as_mut_ptr(), out("xmm7") _)
        };
        assert_eq!(found, [0; 16]);
    }
}
