//! The signature algorithms that jsonwebtoken may use here: HS256, ES256 and RS256, for verifying.
//!
//! jsonwebtoken's bundled sets carry every algorithm, and signing as well, into the wasm module.
//! What this provider does not offer is an error and never a panic, which would poison the wasm
//! instance. Each algorithm goes with one family of keys, so a public key never becomes a secret.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result, new_error};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::traits::SignatureScheme;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unsupported(),
        rsa_pub_components_from_public_key: |_| unsupported(),
        ec_pub_components_from_private_key: |_, _| unsupported(),
        ed_pub_components_from_private_key: |_, _| unsupported(),
        compute_digest: |_, _| unsupported(),
    },
};

/// Makes jsonwebtoken use this provider. Must come before it verifies anything.
pub(crate) fn install() {
    // An error means that it is installed already, by an earlier request of this instance.
    let _ = PROVIDER.install_default();
}

/// Whether a key can verify signatures of an algorithm at all. Told when a key set is read, so that
/// an unusable key counts as absent rather than as a fault of every token.
pub(crate) fn fits(algorithm: Algorithm, key: &DecodingKey) -> bool {
    verifier(&algorithm, key).is_ok()
}

fn unsupported<T>() -> Result<T> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

fn unusable_key() -> Error {
    new_error(ErrorKind::InvalidKeyFormat)
}

/// The edge verifies tokens and never makes one.
fn signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    unsupported()
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match (algorithm, key.family(), key.kind()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            let mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| unusable_key())?;
            Ok(Box::new(Hs256(mac)))
        }
        (Algorithm::ES256, AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            // Refuses a point that is not on the curve.
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point);
            Ok(Box::new(Es256(key.map_err(|_| unusable_key())?)))
        }
        (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
            // NIST SP 800-131A calls less than 2048 bits broken; more than 4096 the crate refuses.
            if n.bits() < 2048 {
                return Err(unusable_key());
            }
            let key = RsaPublicKey::new(n, e).map_err(|_| unusable_key())?;
            Ok(Box::new(Rs256(key)))
        }
        _ => unsupported(),
    }
}

struct Hs256(Hmac<Sha256>);

impl signature::Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> signature::Result<()> {
        let mac = self.0.clone().chain_update(message);
        // Compares in constant time.
        mac.verify_slice(signature)
            .map_err(signature::Error::from_source)
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct Es256(p256::ecdsa::VerifyingKey);

impl signature::Verifier<Vec<u8>> for Es256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> signature::Result<()> {
        // RFC 7518: r and s of 32 bytes each, one after the other; never DER.
        p256::ecdsa::Signature::from_slice(signature)
            .and_then(|signature| self.0.verify_prehash(&Sha256::digest(message), &signature))
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

struct Rs256(RsaPublicKey);

impl Rs256 {
    /// What PKCS #1 puts before a SHA-256: its DigestInfo without the hash (RFC 8017, 9.2).
    const PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
}

impl signature::Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> signature::Result<()> {
        // The scheme by its parts, because its constructor wants a second, older sha2.
        let scheme = Pkcs1v15Sign {
            hash_len: Some(32),
            prefix: Box::new(Self::PREFIX),
        };
        scheme
            .verify(&self.0, &Sha256::digest(message), signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
