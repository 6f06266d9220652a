// Makes what the enrolment page makes: a request, and for every name given a key file around the same certificate.
// `openssl` stands for the exchange and issues the certificate.

import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

// Debian's Node keeps it out of the way.
globalThis.crypto ??= webcrypto;

const [scripts, folder, ...names] = process.argv.slice(2);
process.chdir(folder);
const { certificateRequest, certificates, isRoot, newKeyPair, validUntil } = await import(
  `${scripts}/certificates.mjs`
);
const { keyFile, lockFor, newPassphrase } = await import(`${scripts}/pkcs12.mjs`);
const openssl = (line, ...last) =>
  execFileSync("openssl", [...line.split(" "), ...last], { stdio: ["ignore", "ignore", "inherit"] });

const pair = await newKeyPair();
writeFileSync("request.pem", await certificateRequest(pair));
const key = "-utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
openssl(`req -x509 ${key} -keyout root.key -out root.pem -days 30 -subj`, "/CN=架空の根");
openssl(`req ${key} -keyout issuing.key -out issuing.csr -subj`, "/CN=架空の発行局");
openssl("x509 -req -in issuing.csr -CA root.pem -CAkey root.key -set_serial 2 -days 20 -out issuing.pem");
openssl(
  "x509 -req -in request.pem -CA issuing.pem -CAkey issuing.key -set_serial 3 -days 10 -subj /CN=1399900018 -out leaf.pem",
);

const [root, issuing, certificate] = ["root.pem", "issuing.pem", "leaf.pem"].flatMap((file) =>
  certificates(readFileSync(file, "utf8")),
);
const [passphrase, privateKey] = [
  newPassphrase(),
  new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
];
const lock = await lockFor(passphrase);
for (const [index, name] of names.entries()) {
  writeFileSync(`${index}.p12`, await keyFile(lock, { privateKey, certificate, above: [issuing], name }));
}
writeFileSync("passphrase", passphrase);
const roots = [root, issuing, certificate].map(isRoot);
console.log(JSON.stringify({ roots, until: validUntil(certificate).toISOString() }));
