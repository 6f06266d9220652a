// What became of a set: the record of it, the answer how the import went, and the document of a period (R1.10, R10.1).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { go } from "./people.mjs";

const { journey, leave, look, press, totp, type, visit, world } = lib;
const button = (page, name) => page.getByRole("button", { name, exact: true });
const link = (page, name) => page.getByRole("link", { name, exact: true });
const field = (page, name) => page.getByLabel(name, { exact: true });
/** Waits for the page with this title. */
const on = (page, title) => page.getByRole("heading", { name: title, level: 1, exact: true }).waitFor();
const REFUSED = /status of 4\d\d/;

let offices = 0;

/** An office of this kind. */
function office(name, kind) {
  offices += 1;
  const number = `14${String(process.pid % 100_000).padStart(5, "0")}${String(offices).padStart(3, "0")}`;
  lib.fumibako("office", "add", number, "--name", name, "--type", kind);
  return number;
}

/** A device whose program sends and collects; its folder. */
function program(number) {
  const words = ["--label", "ケアソフトの端末", "--evidence", "架空", ...lib.OPERATORS];
  const printed = lib.fumibako("device", "code", number, "--software", "send,collect,read", ...words);
  const folder = lib.freshFolder();
  const code = lib.told(printed, "登録コード");
  const enrol = ["--enrolment", world.enrolment, "--code", code, "--authority", world.authority];
  lib.fumibako("device", "enrol", ...enrol, "--device", folder);
  return folder;
}

/** A person of an office, set up and signed in. */
async function signedIn(number, login, name, kana) {
  const person = ["--login", login, "--name", name, "--kana", kana, "--person-key", `${kana} 1979-05-06`];
  const printed = lib.fumibako("account", "invite-office", number, ...person, ...lib.OPERATORS);
  const code = lib.told(printed, "招待コード");
  const page = await visit(`${world.exchange}/`, { certificate: lib.enrolledDevice(number) });
  await press(page, link(page, "コードを入力する"));
  await type(page, field(page, "ログインID"), login);
  await type(page, field(page, "受け取ったコード"), code);
  await page.keyboard.press("Enter");
  await on(page, "パスワードを決める");
  const password = "灰色の鳩が8羽、屋根の上で眠っていたQz";
  await type(page, field(page, "新しいパスワード"), password);
  await type(page, field(page, "新しいパスワード（もう一度）"), password);
  await page.keyboard.press("Enter");
  await on(page, "二つ目の手段を決める");
  await press(page, page.getByText("図を読み取れないとき"));
  const secret = await page.locator(".secret").textContent();
  await type(page, field(page, "アプリに出た6桁の数字"), totp(secret, Date.now() - 30_000));
  await page.keyboard.press("Enter");
  await on(page, "予備コードを控える");
  await press(page, button(page, "予備コードを表示する"));
  await page.locator(".codes").waitFor();
  await press(page, button(page, "控えたので、設定を終える"));
  await on(page, "サインイン");
  await type(page, field(page, "ログインID"), login);
  await type(page, field(page, "パスワード"), password);
  await page.keyboard.press("Enter");
  await on(page, "二つ目の確認");
  await type(page, field(page, "認証アプリの6桁の数字"), totp(secret));
  await page.keyboard.press("Enter");
  await on(page, "届いたもの");
  return page;
}

journey("a set from arrival to evidence", async (step) => {
  const care = office("架空ひばり居宅介護支援事業所", "43");
  const service = office("架空あおば訪問介護ステーション", "11");
  const [sender, receiver] = [program(care), program(service)];
  const sets = join(lib.freshFolder(), "sets");
  const between = ["--sender", care, "--sender-type", "43", "--receiver", service, "--receiver-type", "11"];
  lib.fumibako("sample", sets, "--kind", "care_plan,schedule", ...between);
  const files = readdirSync(sets).map((name) => join(sets, name));
  lib.fumibako("send", "--device", sender, ...files);
  lib.fumibako("collect", "--device", receiver, join(lib.freshFolder(), "in"));
  const login = `receipts-${process.pid}`;
  const page = await signedIn(service, login, "架空 さくら", "かくう さくら");

  await step("r1_10 the list leads to the record of each set", async () => {
    await look(page, "receipts-1-list");
    await press(page, page.getByRole("link", { name: /居宅介護支援事業所.*の記録: 受領確認済み$/ }).first());
    await on(page, "送達の記録");
    await look(page, "receipts-2-record");
  });

  await step("r1_10 an answer that is none comes back and says why", async () => {
    await press(page, page.getByLabel("取り込めた", { exact: true }), "Space");
    await page.getByLabel("1か所目のファイル").selectOption({ index: 1 });
    await page.getByLabel("1か所目の理由").selectOption({ label: "利用者が登録されていない" });
    await press(page, button(page, "結果を伝える"));
    await page.getByRole("alert").waitFor();
    await look(page, "receipts-3-fault");
  });

  await step("r1_10 the receiver says how the import went", async () => {
    // One of a group is reached by Tab, the others by the arrows.
    await press(page, page.getByLabel("取り込めた", { exact: true }), "ArrowDown");
    assert.ok(await page.getByLabel("一部だけ取り込めた", { exact: true }).isChecked());
    await type(page, page.getByLabel("1か所目のレコード"), "2");
    await type(page, page.getByLabel("1か所目の項目 No."), "5");
    await type(page, field(page, "伝えたいこと書かなくてもよい"), "一人がまだ登録されていません。登録してから入力します。");
    await press(page, button(page, "結果を伝える"));
    await page.getByText("取込みの結果を伝えました。").waitFor();
    await look(page, "receipts-4-answered");
  });

  await step("r1_10 the receipt is a file", async () => {
    const download = page.waitForEvent("download");
    await press(page, link(page, "証明を受け取る"));
    const receipt = JSON.parse(readFileSync(await (await download).path(), "utf8"));
    assert.equal(receipt.state, "partly");
    assert.equal(receipt.steps.length, 4);
  });

  await step("r10_1 an administrator makes the document of a period", async () => {
    await go(page, "送受信の記録");
    await on(page, "送受信の記録");
    await look(page, "receipts-5-evidence");
    await field(page, "はじめの日").fill("2026-01-01");
    await field(page, "おわりの日").fill("2025-12-31");
    await press(page, button(page, "書類を作る"));
    await page.getByRole("alert").waitFor();
    await look(page, "receipts-6-evidence-fault");
    const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Tokyo" }).format(new Date());
    await field(page, "おわりの日").fill(today);
    const download = page.waitForEvent("download");
    await press(page, button(page, "書類を作る"));
    const path = await (await download).path();
    const text = execFileSync("pdftotext", ["-raw", path, "-"], { encoding: "utf8" }).replace(/\s/g, "");
    for (const words of ["データ送受信の記録", care, service, "一部だけ取込み", "架空さくら", "この書類の確かめ方"]) {
      assert.ok(text.includes(words.replace(/\s/g, "")), `${words} is not in the document`);
    }
    execFileSync("pdftoppm", ["-r", "80", "-png", path, lib.picture("receipts-7-document").replace(/\.png$/, "")]);
  });
  await leave(page, REFUSED);
});
