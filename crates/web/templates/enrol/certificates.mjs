// Certificates as the page meets them: the request for one (PKCS#10), and what it reads of those that come back.

import { bits, context, elements, identifier, integer, sequence } from "./der.mjs";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA_WITH_SHA256 = sequence(identifier("1.2.840.10045.4.3.2"));

/** A key pair made in this browser. It can be written to a file, because that is how it gets into the key store. */
export function newKeyPair() {
  return crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
}

/** PKCS#10 in PEM. It names nobody: what the certificate says is the exchange's to say. Only the public key is in it. */
export async function certificateRequest({ publicKey, privateKey }) {
  const key = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const asked = sequence(integer(0), sequence(), key, context(0));
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, asked));
  // WebCrypto gives r and s side by side; X.509 wants two integers.
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  return pem("CERTIFICATE REQUEST", sequence(asked, ECDSA_WITH_SHA256, bits(sequence(integer(r), integer(s)))));
}

/** The certificates of a PEM text, as DER. */
export function certificates(text) {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64]) => Uint8Array.from(atob(base64.replace(/\s/g, "")), (c) => c.charCodeAt(0)));
}

/** Whether a certificate is a root: issuer and subject are the same. */
export function isRoot(certificate) {
  const { issuer, subject } = parts(certificate);
  return issuer.whole.length === subject.whole.length && issuer.whole.every((byte, at) => byte === subject.whole[at]);
}

/** The last moment a certificate is good for. */
export function validUntil(certificate) {
  const [, end] = elements(parts(certificate).validity.content);
  const digits = String.fromCharCode(...end.content);
  // UTCTime has two digits for the year, and stands for years before 2050 (RFC 5280, 4.1.2.5).
  const full = end.tag === 0x17 ? `20${digits}` : digits;
  const [year, month, day, hour, minute, second] = full
    .match(/^(....)(..)(..)(..)(..)(..)Z$/)
    .slice(1)
    .map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

function parts(certificate) {
  const [whole] = elements(certificate);
  const [signed] = elements(whole.content);
  // [0] is the version, which version 3 writes always; then serial, algorithm, issuer, validity, subject.
  const fields = elements(signed.content).filter(({ tag }) => tag !== 0xa0);
  const [, , issuer, validity, subject] = fields;
  return { issuer, validity, subject };
}

function pem(label, bytes) {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
