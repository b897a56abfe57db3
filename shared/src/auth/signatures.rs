//! The signature algorithms for jsonwebtoken: HS256, ES256 and RS256, for verifying only.
//!
//! The providers that come with jsonwebtoken would add every algorithm to the wasm module, and signing as
//! well. What this provider does not offer is an error and never a panic. Each algorithm works with one
//! family of keys, so a public key is never used as a secret.

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

/// Makes jsonwebtoken use this provider. Must be called before the first verification.
pub(crate) fn install() {
    // An error means that an earlier request of this instance has installed it already.
    let _ = PROVIDER.install_default();
}

/// Whether a key can verify signatures of an algorithm. This is checked when a key set is read, so that
/// an unusable key counts as absent, and is not an error of every token.
pub(crate) fn fits(algorithm: Algorithm, key: &DecodingKey) -> bool {
    verifier(&algorithm, key).is_ok()
}

fn unsupported<T>() -> Result<T> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

fn unusable_key() -> Error {
    new_error(ErrorKind::InvalidKeyFormat)
}

/// No token is signed here.
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
            // NIST SP 800-131A allows no key of less than 2048 bits. The crate refuses more than 4096.
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
        // RFC 7518: r and s, 32 bytes each; never DER.
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
    /// The DigestInfo of SHA-256 without the hash, which PKCS #1 puts before it (RFC 8017, 9.2).
    const PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
}

impl signature::Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> signature::Result<()> {
        // Built from its parts, because its constructor needs a second, older version of sha2.
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
