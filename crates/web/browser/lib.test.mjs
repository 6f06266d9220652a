// The helpers against their standards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { totp } from "./lib.mjs";

test("the six digits are those of RFC 6238, appendix B", () => {
  // The appendix has eight digits of the secret "12345678901234567890".
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const cases = { 59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130" };
  for (const [seconds, digits] of Object.entries(cases)) assert.equal(totp(secret, seconds * 1000), digits);
});
