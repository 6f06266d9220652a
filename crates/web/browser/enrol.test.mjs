// From a code on paper to a browser that opens the exchange (R7.2, R7.6).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";

const { fits, journey, leave, look, press, tabTo, type, visit, world } = lib;
const codeField = (page) => page.getByRole("textbox", { name: "登録コード" });
const button = (page, name) => page.getByRole("button", { name });
const buttons = (page) => page.getByRole("button").filter({ visible: true }).allTextContents();
const title = (page, name) => page.getByRole("heading", { name, level: 2 });
/** The browser notes in its console that an answer was a refusal; the page has told the person. */
const REFUSED = /status of 4\d\d/;

/** Gives the code; by keyboard alone, as everything here. */
async function give(page, code) {
  await type(page, codeField(page), code);
  await page.keyboard.press("Enter");
}

/** Saves the file that a good code brought. */
async function save(page) {
  await title(page, "ファイルを保存する").waitFor();
  const saved = page.waitForEvent("download");
  await press(page, page.getByRole("link", { name: "ファイルを保存する" }));
  const download = await saved;
  const path = join(lib.freshFolder(), "file.p12");
  await download.saveAs(path);
  const passphrase = await page.locator("#passphrase").textContent();
  return { name: download.suggestedFilename(), path, pfx: readFileSync(path), passphrase };
}

journey("r7_2 a code becomes a certificate with which the exchange opens", async (step) => {
  const number = lib.newOffice();
  const requests = [];
  const before = async (page) => page.on("request", (request) => requests.push(request));
  const page = await visit(world.enrolment, { before });
  let file;

  await step("the page may run its own scripts and nothing else", () => {
    const policy = page.answer.headers()["content-security-policy"];
    assert.match(policy, /^default-src 'none'; script-src 'self'; connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|data:|blob:/);
  });

  await step("the code is given as people type it", async () => {
    assert.deepEqual(await buttons(page), ["登録する"], "one thing to do");
    await look(page, "enrol-1-code");
    await give(page, lib.enrolmentCode(number).toLowerCase().replaceAll("-", "　"));
    await title(page, "ファイルを保存する").waitFor();
    assert.equal(
      await page.evaluate(() => document.activeElement.textContent),
      "ファイルを保存する",
      "the focus goes along",
    );
    assert.equal(await page.title(), "2/4 ファイルを保存する — 文箱");
    await look(page, "enrol-2-file");
  });

  await step("the file is saved", async () => {
    file = await save(page);
    assert.equal(file.name, `fumibako-${number}.p12`);
    assert.match(file.passphrase, /^([2-9a-z]{4}-){3}[2-9a-z]{4}$/);
  });

  await step("pictures lead through each system, the passphrase beside them", async () => {
    await press(page, button(page, "保存した。次へ"));
    await title(page, "端末に取り込む").waitFor();
    assert.equal(await page.locator("#passphrase").textContent(), file.passphrase);
    assert.deepEqual(await buttons(page), ["合言葉を写し取る（コピー）", "戻る", "取り込んだ。次へ"]);
    await tabTo(page, page.getByRole("radio", { checked: true }));
    for (const system of ["windows", "mac", "firefox"]) {
      await page.locator(`#for-${system}`).waitFor();
      await look(page, `enrol-3-${system}`);
      await page.keyboard.press("ArrowDown");
    }
    await press(page, button(page, "取り込んだ。次へ"));
    await title(page, "開いてみる").waitFor();
    assert.equal(await page.getByRole("link", { name: "交換所を開く" }).getAttribute("href"), `${world.exchange}/`);
    await look(page, "enrol-4-open");
  });

  await step("r7_6 the private key was in no request", () => {
    const opened = ["pkcs12", "-nodes", "-nocerts", "-passin", `pass:${file.passphrase}`, "-in", file.path];
    const key = createPrivateKey(execFileSync("openssl", opened, { stdio: ["ignore", "pipe", "ignore"] }));
    const secret = Buffer.from(key.export({ format: "jwk" }).d, "base64url");
    const bodies = requests.map((request) => request.postDataBuffer()).filter(Boolean);
    assert.equal(bodies.length, 1, "one request has a body");
    const { certificate_request: pem, ...rest } = JSON.parse(bodies[0]);
    assert.deepEqual(Object.keys(rest), ["code"]);
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
    assert.ok(der.includes(createPublicKey(key).export({ format: "der", type: "spki" })), "it is about this key");
    assert.ok(!der.includes(secret));
    for (const request of requests) {
      const said = [request.url(), JSON.stringify(request.headers()), request.postData() ?? ""].join("\n");
      for (const form of ["hex", "base64", "base64url"]) assert.ok(!said.includes(secret.toString(form)));
      assert.ok(!said.includes(file.passphrase));
    }
  });
  await leave(page);

  await step("with the file the exchange opens", async () => {
    const front = await visit(world.exchange, { certificate: file });
    await front.getByText(number).waitFor();
    await look(front, "enrol-5-exchange");
    await leave(front);
  });

  await step("without it the exchange does not open", async () => {
    // Which of its errors the browser names depends on whether the alert or the end of the connection comes first.
    await assert.rejects(visit(world.exchange), /net::ERR_/);
  });

  await step("the key store of Firefox and Chromium takes the file", () => {
    const store = `sql:${lib.freshFolder()}`;
    execFileSync("certutil", ["-N", "-d", store, "--empty-password"]);
    execFileSync("pk12util", ["-d", store, "-K", "", "-W", file.passphrase, "-i", file.path]);
    assert.match(execFileSync("certutil", ["-K", "-d", store], { encoding: "utf8" }), /文箱 架空すみれ/);
  });
});

journey("a code that does not serve is explained", async (step) => {
  const number = lib.newOffice();
  const code = lib.enrolmentCode(number);
  const page = await visit(world.enrolment);
  const said = page.locator("#code-error");

  await step("a code that is no code is not even sent", async () => {
    for (const [typed, words] of [
      ["", "登録コードを入れてください。"],
      ["7K2M-9XQ4", "登録コードは16文字です。いま8文字あります。"],
      ["登録コード7K2M9XQ4RT3", "英字と数字だけです"],
    ]) {
      await give(page, typed);
      await said.filter({ hasText: words }).waitFor();
      assert.equal(await codeField(page).getAttribute("aria-invalid"), "true");
      assert.ok(await codeField(page).evaluate((field) => field === document.activeElement));
    }
    await look(page, "enrol-error-typing");
  });

  await step("a wrong code", async () => {
    await give(page, "0000-0000-0000-0000");
    await page
      .getByRole("alert")
      .filter({ hasText: "登録コードが違うか、期限が切れたか、すでに使われています。" })
      .waitFor();
    assert.ok(await page.getByRole("alert").evaluate((box) => box === document.activeElement), "it is read out");
    await look(page, "enrol-error-code");
  });

  await step("a line that is down, and the same code again once it is up", async () => {
    await page.route("**/enrol", (route) => route.abort());
    await give(page, code);
    await page.getByRole("alert").filter({ hasText: "交換所につながりませんでした。" }).waitFor();
    await page.unroute("**/enrol");
    await give(page, code);
    await title(page, "ファイルを保存する").waitFor();
  });
  await leave(page, REFUSED, /ERR_FAILED/);

  await step("a code that is used up", async () => {
    const again = await visit(world.enrolment);
    await give(again, code);
    await again.getByRole("alert").filter({ hasText: "すでに使われています。" }).waitFor();
    await leave(again, REFUSED);
  });
});

journey("what an answer says is text and nothing else", async (step) => {
  const hostile = `<img src=x onerror="alert(1)"> 𠮷野家\u202e\u0000 ${"長".repeat(300)}`;
  const page = await visit(world.enrolment);
  await page.route("**/enrol", async (route) => {
    const answer = await route.fetch();
    const changed = { office_name: hostile, office_number: "../../1399900018", exchange_url: "javascript:alert(1)" };
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ...changed } });
  });
  let file;

  await step("on the page and in the name of the file", async () => {
    await give(page, lib.enrolmentCode(lib.newOffice()));
    file = await save(page);
    assert.equal(file.name, "fumibako-1399900018.p12");
    assert.equal(await page.locator("main img").count(), 0);
    assert.ok((await page.locator("#office").textContent()).startsWith("<img src=x"));
    assert.equal(await page.locator("#exchange").getAttribute("href"), null);
    await fits(page);
  });

  await step("in the file", () => {
    const read = ["pkcs12", "-info", "-nokeys", "-passin", `pass:${file.passphrase}`, "-in", file.path];
    assert.match(
      execFileSync("openssl", read, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      /friendlyName/,
    );
  });
  await leave(page);
});

journey("nobody is left with an empty page", async (step) => {
  await step("without script", async () => {
    const page = await visit(world.enrolment, { script: false });
    await page.getByRole("heading", { name: "このページには JavaScript が要ります" }).waitFor();
    assert.ok(!(await codeField(page).isVisible()), "a form that could not work");
    await page.screenshot({ path: lib.picture("enrol-no-script-1280") });
    await leave(page);
  });

  await step("in a browser too old for the script", async () => {
    const before = (page) => page.route("**/enrol.mjs", (route) => route.abort());
    const page = await visit(world.enrolment, { before });
    await page.getByText("ブラウザーが古いかもしれません").waitFor();
    await leave(page, /ERR_FAILED/);
  });

  await step("without WebCrypto", async () => {
    const without = () => Object.defineProperty(Crypto.prototype, "subtle", { value: undefined });
    const page = await visit(world.enrolment, { before: (page) => page.addInitScript(without) });
    await page.getByRole("alert").filter({ hasText: "このブラウザーでは登録できません。" }).waitFor();
    await look(page, "enrol-no-webcrypto");
    await leave(page);
  });
});

journey("the page is read at 200 % and at 400 %", async (step) => {
  const page = await visit(world.enrolment, { zoom: 2 });
  const look = async (name) => {
    for (const [percent, width] of Object.entries({ 200: 640, 400: 320 })) {
      await page.setViewportSize({ width, height: 450 });
      await fits(page, `${name} at ${percent} %`);
      await page.screenshot({ path: lib.picture(`enrol-zoom-${percent}-${name}`), fullPage: true });
    }
  };

  await step("from the code to the end", async () => {
    await look("1-code");
    await give(page, lib.enrolmentCode(lib.newOffice()));
    await save(page);
    await look("2-file");
    await press(page, button(page, "保存した。次へ"));
    await look("3-import");
    await press(page, button(page, "取り込んだ。次へ"));
    await look("4-open");
  });
  await leave(page);
});
