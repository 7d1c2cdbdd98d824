//! Argon2id hashes of passwords, each in memory that the system gets back after it.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{Error as HashError, Result as HashResult};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// The capacity of the memory of one hash, in bytes, of which only what the hash needs is ever touched.
///
/// glibc gives an allocation above 32 MiB (`DEFAULT_MMAP_THRESHOLD_MAX`, mallopt(3)) a mapping of its own and unmaps it
/// when it is freed. A smaller one stays in the heap of the thread that made it, so that a burst of sign-ins would leave
/// some 20 MB for each thread.
const CAPACITY: usize = 33 * 1024 * 1024;

/// A hash with a new salt, as a PHC string.
pub(super) fn hash(password: &[u8]) -> HashResult<String> {
    let (algorithm, version, params) = Default::default();
    let salt = Salt::generate();
    let output = output(algorithm, version, &params, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Whether a hash is of this password; the error is about the hash.
pub(super) fn matches(password: &[u8], hash: &PasswordHash) -> HashResult<bool> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(HashError::PasswordInvalid);
    };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let output = output(algorithm, version, &Params::try_from(hash)?, password, salt, expected.len())?;
    // Compared in constant time.
    Ok(output == *expected)
}

fn output(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    password: &[u8],
    salt: &Salt,
    length: usize,
) -> HashResult<Output> {
    let count = params.block_count();
    let mut memory = Vec::with_capacity(count.max(CAPACITY / Block::SIZE));
    memory.resize(count, Block::new());
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length).ok_or(HashError::OutputSize)?;
    let argon2 = Argon2::new(algorithm, version, params.clone());
    argon2.hash_password_into_with_memory(password, salt, output, &mut memory)?;
    Ok(Output::new(output)?)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn hashes_are_those_of_the_library() {
        let ours = hash(b"a password").unwrap();
        Argon2::default().verify_password(b"a password", ours.as_str()).unwrap();
        let theirs = Argon2::default().hash_password(b"a password").unwrap();
        assert!(matches(b"a password", &theirs).unwrap());
        assert!(!matches(b"another password", &theirs).unwrap());
    }

    #[test]
    fn a_hash_with_other_parameters_and_another_length_is_read() {
        let params = Params::new(8 * 1024, 1, 1, Some(24)).unwrap();
        let theirs =
            Argon2::new(Algorithm::Argon2i, Version::V0x10, params).hash_password(b"a password").unwrap();
        assert!(matches(b"a password", &theirs).unwrap());
        assert!(!matches(b"another password", &theirs).unwrap());
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        for text in ["$argon2id$v=19$m=19456,t=2,p=1", "$scrypt$ln=15$AAAAAAAAAAAAAAAAAAAAAA"] {
            let hash = PasswordHash::new(text).unwrap();
            assert!(matches(b"a password", &hash).is_err(), "{text}");
        }
    }
}
