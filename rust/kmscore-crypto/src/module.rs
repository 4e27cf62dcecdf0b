//! What the library under this crate says of itself at run time.

use core::ffi::CStr;

use aws_lc_sys::{FIPS_mode, OPENSSL_VERSION, OpenSSL_version};

use crate::Unspecified;

/// The library's own words. They name what is linked, and say nothing of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Such as `AWS-LC`, or `AWS-LC FIPS` of a build on the FIPS module.
    pub name: &'static str,
    /// Such as `5.12.0`.
    pub version: &'static str,
    /// Whether it runs as a FIPS module. Its integrity test passed when it was loaded, or the process had ended there.
    pub fips: bool,
}

/// Asks the library.
///
/// # Errors
/// Its answer is not a name and a version.
pub fn status() -> Result<Status, Unspecified> {
    // AWS-LC has `FIPS_module_name` and `FIPS_version`, the FIPS module's crate has neither. Both have this text.
    // SAFETY: returns a static text for every argument.
    let text = unsafe { CStr::from_ptr(OpenSSL_version(OPENSSL_VERSION)) };
    let text = text.to_str().map_err(|_| Unspecified)?;
    let (name, version) = text.rsplit_once(' ').ok_or(Unspecified)?;
    Ok(Status {
        name,
        version,
        // SAFETY: reads a constant of the library.
        fips: unsafe { FIPS_mode() } == 1,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_library_names_itself_with_its_version() {
        let status = status().unwrap();
        let expected = if cfg!(feature = "fips") {
            "AWS-LC FIPS"
        } else {
            "AWS-LC"
        };
        assert_eq!(status.name, expected);
        assert_eq!(
            status.version.as_bytes(),
            aws_lc_sys::AWSLC_VERSION_NUMBER_STRING
                .strip_suffix(&[0])
                .unwrap()
        );
    }

    #[test]
    fn the_library_is_in_fips_mode_in_a_fips_build_and_in_no_other() {
        assert_eq!(status().unwrap().fips, cfg!(feature = "fips"));
    }
}
