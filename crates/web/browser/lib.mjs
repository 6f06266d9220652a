// What every journey needs: a browser with a certificate, keys on the keyboard, pictures, and the checks that every page
// passes. `cargo xtask browser` starts an exchange, says where it is, and runs the journeys.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";

const named = (name) => process.env[name] ?? assert.fail(`${name} is not set: run cargo xtask browser`);

/** The exchange that was started for the journeys. */
export const world = {
  program: named("FUMIBAKO_PROGRAM"),
  folder: named("FUMIBAKO_FOLDER"),
  exchange: named("FUMIBAKO_EXCHANGE"),
  enrolment: named("FUMIBAKO_ENROLMENT"),
  handover: named("FUMIBAKO_HANDOVER"),
  authority: join(named("FUMIBAKO_FOLDER"), "authority.pem"),
};

const modules = createRequire(`${named("FUMIBAKO_MODULES")}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const pictures = named("FUMIBAKO_SCREENSHOTS");
mkdirSync(pictures, { recursive: true });

/** The widths every page is looked at: a desk, and a tablet held upright. */
const WIDTHS = [1280, 820];
/** A desk at twice the size: the narrowest at which every page has to be whole (WCAG 1.4.10, zoom of 200 %). */
const ZOOMED = 640;
/** Which pages were looked at, for whoever asks whether all were. */
const LOOKED_AT = join(pictures, "looked-at.txt");
/** The longest a journey waits for anything. */
const PATIENCE_MS = 20_000;
/** Tab is pressed no more often than this to reach something. */
const TABS_MAX = 80;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  // Chromium's sandbox refuses to run as root, which is what a container is.
  chromiumSandbox: process.getuid() !== 0,
  args: ["--lang=ja"],
});
after(() => browser.close());

/** The `fumibako` program, as the operator runs it. Returns what it printed. */
export function fumibako(...words) {
  const env = { ...process.env, FUMIBAKO_CONFIG: join(world.folder, "fumibako.toml") };
  return execFileSync(world.program, words, { env, encoding: "utf8", cwd: world.folder });
}

/** What the program printed after a label, such as `登録コード: …`. */
export function told(printed, label) {
  const line = printed.split("\n").find((line) => line.startsWith(`${label}: `));
  return line?.slice(label.length + 2).trim() ?? assert.fail(`the program did not print ${label}`);
}

/** A test of many steps. Each is a line in the report; after one that fails the rest makes no sense and is not tried. */
export function journey(name, walk) {
  // Only those asked for.
  if (!name.includes(process.env.FUMIBAKO_JOURNEY ?? "")) return;
  test(name, async (t) => {
    await walk(async (title, step) => {
      let failed = true;
      await t.test(title, async () => {
        try {
          await step();
          failed = false;
        } finally {
          if (failed) await keepWhatIsSeen();
        }
      });
      assert.ok(!failed, `stopped at: ${title}`);
    });
  });
}

/** Pages not left yet. */
const open = new Set();

/** Pictures of what was on the screen when a step failed. */
async function keepWhatIsSeen() {
  for (const [index, page] of [...open].entries()) {
    await page.screenshot({ path: picture(`failed-${index + 1}`), fullPage: true }).catch(() => {});
  }
}

/** A new empty folder, gone when the exchange is. */
export const freshFolder = () => mkdtempSync(join(world.folder, "journey-"));

let offices = 0;

/** A new office; returns its number. */
export function newOffice(name = "架空すみれ居宅介護支援事業所", type = "43") {
  offices += 1;
  const number = `13${String(process.pid % 100_000).padStart(5, "0")}${String(offices).padStart(3, "0")}`;
  fumibako("office", "add", number, "--name", name, "--type", type);
  return number;
}

/** Two people are asked for everything of weight; here they are invented. */
export const OPERATORS = ["--by", "journey-1", "--approved-by", "journey-2"];

let devices = 0;
/** How the office was proven, and who says so; every device has a name of its own. */
const proof = () => ["--label", `端末${process.pid}-${++devices}`, "--evidence", "架空", ...OPERATORS];

/** A one-time code for a device of an office, and for what else is asked for. */
export const enrolmentCode = (number, ...more) =>
  told(fumibako("device", "code", number, ...proof(), ...more), "登録コード");

/** A device enrolled without the page, for journeys that begin after it: what `visit` takes as `certificate`. */
export function enrolledDevice(number) {
  return deviceWith(enrolmentCode(number)).certificate;
}

/** The same with a program on it, which sends and collects; `device` is its folder. */
export function deviceWithSoftware(number) {
  return deviceWith(enrolmentCode(number, "--software", "send,collect,read"));
}

function deviceWith(code) {
  const folder = freshFolder();
  const words = ["--enrolment", world.enrolment, "--code", code, "--authority", world.authority];
  fumibako("device", "enrol", ...words, "--device", folder);
  const read = (name) => readFileSync(join(folder, name));
  return { device: folder, certificate: { cert: read("certificate.pem"), key: read("key.pem") } };
}

/**
 * Opens a page in a browser of its own: nothing is shared with other pages, and whatever the page complains of fails the
 * journey when it is closed with `leave`.
 *
 * @param {{certificate?: {pfx: Buffer, passphrase: string} | {cert: Buffer, key: Buffer}, zoom?: number, script?: boolean,
 *   before?: (page) => Promise<void>}} how `before` runs before the first request
 */
export async function visit(url, { certificate, zoom = 1, script = true, before } = {}) {
  const context = await browser.newContext({
    // The demonstration's server certificate comes from the built-in authority.
    ignoreHTTPSErrors: true,
    locale: "ja-JP",
    timezoneId: "Asia/Tokyo",
    // Zooming leaves the window as wide and makes everything in it larger.
    viewport: { width: Math.round(WIDTHS[0] / zoom), height: Math.round(900 / zoom) },
    deviceScaleFactor: zoom,
    javaScriptEnabled: script,
    clientCertificates: certificate ? [{ origin: new URL(url).origin, ...certificate }] : undefined,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(message.text());
  });
  open.add(page);
  await before?.(page);
  page.answer = await page.goto(url);
  return page;
}

/** Closes what `visit` opened. `expected` are complaints that belong to the journey. */
export async function leave(page, ...expected) {
  const complaints = page.complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
  open.delete(page);
  await page.context().close();
  assert.deepEqual(complaints, [], "the browser complained");
}

/** Presses Tab until `target` has the focus: what cannot be reached so cannot be reached without a mouse. */
export async function tabTo(page, target) {
  const focused = () => target.evaluate((element) => element === document.activeElement);
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    if (await focused()) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${target}`);
}

/** Reaches `target` by Tab and presses a key on it. */
export async function press(page, target, key = "Enter") {
  await tabTo(page, target);
  await page.keyboard.press(key);
}

/** Reaches a field by Tab and types into it. */
export async function type(page, target, text) {
  await tabTo(page, target);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Where a picture goes. */
export const picture = (name) => join(pictures, `${name}.png`);

/** Everything that is true of every page: no finding of axe, nothing cut off, at both widths; and its pictures. */
export async function look(page, name) {
  const size = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: size.height });
    await accessible(page, `${name} at ${width}`);
    await fits(page, `${name} at ${width}`);
    await page.screenshot({ path: picture(`${name}-${width}`), fullPage: true });
  }
  await page.setViewportSize({ width: ZOOMED, height: size.height });
  await fits(page, `${name} at ${ZOOMED}`);
  await page.setViewportSize(size);
  appendFileSync(LOOKED_AT, `${new URL(page.url()).pathname}\n`);
}

/** No finding of axe-core, best practices included. */
export async function accessible(page, name = page.url()) {
  await page.evaluate(axe);
  const findings = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  assert.deepEqual(findings, [], name);
}

/** Nobody has to scroll sideways to read. */
export async function fits(page, name = page.url()) {
  // Words are there before the style that lays them out.
  await page.waitForLoadState("load");
  const [wide, seen] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(wide <= seen, `${name}: ${wide} px wide in a window of ${seen} px`);
}

/** A security key or phone that always agrees, for passkeys. `credentials` tells what it holds, `lose` takes it away. */
export async function virtualAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    lose: () => session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
  };
}

/** The six digits an authenticator app shows (RFC 6238: SHA-1, 30 seconds). `secret` is Base32, as in the QR code. */
export function totp(secret, at = Date.now()) {
  const digits = [...secret.replace(/[\s=-]/g, "").toUpperCase()].map((c) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c),
  );
  assert.ok(digits.length > 0 && !digits.includes(-1), "a secret in Base32");
  const bits = digits.map((digit) => digit.toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const code = hash.readUInt32BE(hash[19] & 0xf) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, "0");
}
