// The file that carries key and certificate into the key store of the system or browser (PKCS#12, RFC 7292).
//
// PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, and an HMAC-SHA256 over the whole: what Windows 10 (1709) and later,
// macOS 15 and later, Firefox and Chromium read, and nothing older than it has to be. Laid out like the files of OpenSSL,
// which is what everybody tests against. The reasons are in docs/decisions.md.

import {
  bmpString,
  context,
  element,
  identifier,
  integer,
  joined,
  nothing,
  octets,
  sequence,
  set,
  utf16,
} from "./der.mjs";

/** Rounds of each key derivation. */
export const ROUNDS = 100_000;
const SALT_BYTES = 16;
/** OpenSSL's: keychains have refused files whose MAC had a longer salt. */
const MAC_SALT_BYTES = 8;

const DATA = identifier("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA = identifier("1.2.840.113549.1.7.6");
const FRIENDLY_NAME = identifier("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID = identifier("1.2.840.113549.1.9.21");
const X509_CERTIFICATE = identifier("1.2.840.113549.1.9.22.1");
const SHROUDED_KEY_BAG = identifier("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG = identifier("1.2.840.113549.1.12.10.1.3");
const PBES2 = identifier("1.2.840.113549.1.5.13");
const PBKDF2 = identifier("1.2.840.113549.1.5.12");
const HMAC_SHA256 = identifier("1.2.840.113549.2.9");
const AES_256_CBC = identifier("2.16.840.1.101.3.4.1.42");
const SHA256 = identifier("2.16.840.1.101.3.4.2.1");

// No letter or digit that is taken for another. Lower case, so that nobody has to find the shift key.
const PASSPHRASE_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";
const PASSPHRASE_GROUPS = 4;
const PASSPHRASE_GROUP_CHARACTERS = 4;

/** Sixteen characters of thirty, in groups: 78 bits, out of reach however few rounds there were. */
export function newPassphrase() {
  const characters = [];
  while (characters.length < PASSPHRASE_GROUPS * PASSPHRASE_GROUP_CHARACTERS) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    // 240 is a multiple of 30: every character is equally likely.
    if (byte < 240) characters.push(PASSPHRASE_ALPHABET[byte % 30]);
  }
  return characters.join("").match(/.{4}/g).join("-");
}

/** The keys a passphrase stands for: all that is slow, so that it can be done before a code is used up. */
export async function lockFor(passphrase) {
  const [salt, macSalt] = [random(SALT_BYTES), random(MAC_SALT_BYTES)];
  return { salt, macSalt, key: await contentKey(passphrase, salt), macKey: await macKey(passphrase, macSalt) };
}

/**
 * The file: one private key (PKCS#8) with its certificate, and the certificates above it that are no roots.
 * `name` is what the key store shows.
 */
export async function keyFile(lock, { privateKey, certificate, above, name }) {
  const identity = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  // Key and certificate are known as a pair by this mark alone.
  const attributes = set(sequence(FRIENDLY_NAME, set(bmpString(name))), sequence(LOCAL_KEY_ID, set(octets(identity))));
  const shrouded = await encrypted(lock, privateKey);
  const key = sequence(SHROUDED_KEY_BAG, context(0, sequence(shrouded.algorithm, octets(shrouded.bytes))), attributes);
  const bags = [certificateBag(certificate, attributes), ...above.map((issuer) => certificateBag(issuer))];
  const chain = await encrypted(lock, sequence(...bags));
  const safes = sequence(
    sequence(ENCRYPTED_DATA, context(0, encryptedData(chain))),
    sequence(DATA, context(0, octets(sequence(key)))),
  );
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", lock.macKey, safes));
  return sequence(
    integer(3),
    sequence(DATA, context(0, octets(safes))),
    sequence(sequence(sequence(SHA256, nothing()), octets(mac)), octets(lock.macSalt), integer(ROUNDS)),
  );
}

const certificateBag = (certificate, ...attributes) =>
  sequence(CERTIFICATE_BAG, context(0, sequence(X509_CERTIFICATE, context(0, octets(certificate)))), ...attributes);

const encryptedData = ({ algorithm, bytes }) => sequence(integer(0), sequence(DATA, algorithm, element(0x80, bytes)));

async function encrypted({ salt, key }, plain) {
  const iv = random(16);
  const bytes = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, plain));
  const derivation = sequence(PBKDF2, sequence(octets(salt), integer(ROUNDS), sequence(HMAC_SHA256, nothing())));
  return { bytes, algorithm: sequence(PBES2, sequence(derivation, sequence(AES_256_CBC, octets(iv)))) };
}

async function contentKey(passphrase, salt) {
  const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, [
    "deriveKey",
  ]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return crypto.subtle.deriveKey(derivation, secret, { name: "AES-CBC", length: 256 }, false, ["encrypt"]);
}

/** PKCS#12's own derivation (RFC 7292, B.2) with SHA-256, for the one block of output that a MAC key is. */
async function macKey(passphrase, salt) {
  const [block, purpose] = [64, 3];
  const repeated = (bytes) => {
    const length = Math.ceil(bytes.length / block) * block;
    return Uint8Array.from({ length }, (_, at) => bytes[at % bytes.length]);
  };
  const secret = joined([utf16(passphrase), Uint8Array.of(0, 0)]);
  let hash = joined([new Uint8Array(block).fill(purpose), repeated(salt), repeated(secret)]);
  for (let round = 0; round < ROUNDS; round += 1) {
    hash = new Uint8Array(await crypto.subtle.digest("SHA-256", hash));
  }
  return crypto.subtle.importKey("raw", hash, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));
