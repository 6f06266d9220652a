// The helpers: against their standards, and in the browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { enrolledDevice, leave, newOffice, totp, virtualAuthenticator, visit, world } from "./lib.mjs";

test("the six digits are those of RFC 6238, appendix B", () => {
  // The appendix has eight digits of the secret "12345678901234567890".
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const cases = { 59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130" };
  for (const [seconds, digits] of Object.entries(cases)) assert.equal(totp(secret, seconds * 1000), digits);
});

test("a virtual authenticator makes a passkey for the exchange, behind a client certificate", async () => {
  const page = await visit(world.exchange, { certificate: enrolledDevice(newOffice()) });
  const authenticator = await virtualAuthenticator(page);
  const made = await page.evaluate(async () => {
    const challenge = new Uint8Array(32);
    const created = await navigator.credentials.create({
      publicKey: {
        challenge,
        rp: { name: "文箱" },
        user: { id: new Uint8Array([1]), name: "架空", displayName: "架空" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      },
    });
    const used = await navigator.credentials.get({ publicKey: { challenge, userVerification: "required" } });
    return created.id === used.id;
  });
  assert.ok(made, "the passkey that was made is the one that signs");
  assert.equal((await authenticator.credentials()).length, 1);
  await authenticator.lose();
  await leave(page);
});
