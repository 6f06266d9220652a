//! Published known answers for the algorithms beneath (STACK P25): whatever replaces a library must give them too.

mod support;

use std::convert::Infallible;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Kem, OpModeR, OpModeS, Serializable};
use rand_core::{TryCryptoRng, TryRng};
use support::unhex;

/// Gives the bytes it was made of, once: the vectors name the "random" bytes of the sender.
struct Tape(std::vec::IntoIter<u8>);

impl TryRng for Tape {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0.next().expect("the tape is long enough");
        }
        Ok(())
    }
}

impl TryCryptoRng for Tape {}

struct Vector {
    ikm_r: &'static str,
    pk_r: Option<&'static str>,
    ikm_e: &'static str,
    info: &'static str,
    aad: &'static str,
    plaintext: &'static str,
    ciphertext: &'static str,
}

impl Vector {
    fn check<K: Kem>(&self) {
        let (secret, public) = K::derive_keypair(&unhex(self.ikm_r));
        if let Some(pk_r) = self.pk_r {
            assert_eq!(public.to_bytes().to_vec(), unhex(pk_r));
        }
        let (info, aad, plaintext) = (unhex(self.info), unhex(self.aad), unhex(self.plaintext));
        let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, K>(
            &OpModeS::Base,
            &public,
            &info,
            &plaintext,
            &aad,
            &mut Tape(unhex(self.ikm_e).into_iter()),
        )
        .expect("sealed");
        assert_eq!(ciphertext, unhex(self.ciphertext));
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, K>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            &info,
            &ciphertext,
            &aad,
        );
        assert_eq!(opened.expect("opened"), plaintext);
    }
}

#[test]
fn x25519_gives_the_answers_of_rfc_9180_a_2_1() {
    Vector {
        ikm_r: "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
        pk_r: Some("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"),
        ikm_e: "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
        info: "4f6465206f6e2061204772656369616e2055726e",
        aad: "436f756e742d30",
        plaintext: "4265617574792069732074727574682c20747275746820626561757479",
        ciphertext: "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    }
    .check::<X25519HkdfSha256>();
}

#[test]
fn x_wing_gives_the_answers_of_draft_ietf_hpke_pq() {
    Vector {
        ikm_r: "b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56",
        pk_r: None, // 1,216 bytes; the ciphertext depends on each of them
        ikm_e: "2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd19\
                0fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689e6c8",
        info: "34663634363532303666366532303631323034373732363536333639363136653230353537323665",
        aad: "436f756e742d30",
        plaintext: "34323635363137353734373932303639373332303734373237353734363832633230373437323735\
                    373436383230363236353631373537343739",
        ciphertext: "c5c591f99092d5e38df0a52699af249c66f8275a863423c076de8147a53e65cc584041c963b77a7e\
                     59ea93841b1339b5efda8909b71f74bb0073ad62e899de310c1566dea2fd29eba377",
    }
    .check::<XWing>();
}

#[test]
fn aes_256_gcm_gives_the_answers_of_its_submission_test_case_14() {
    let cipher = Aes256Gcm::new(&[0; 32].into());
    let mut body = [0; 16];
    let tag = cipher.encrypt_inout_detached(&Nonce::from([0; 12]), b"", body.as_mut_slice().into()).unwrap();
    assert_eq!(body.to_vec(), unhex("cea7403d4d606b6e074ec5d3baf39d18"));
    assert_eq!(tag.to_vec(), unhex("d0d1c8a799996bf0265b98b5d48ab919"));
}
