// 届いたもの・送ったもの・連携先・困ったとき: the day of somebody in an office, by keyboard alone; and the door of an office that is
// not on the exchange (issue 6).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, field, go, link, on, setUp, signIn } from "./people.mjs";

const { journey, leave, look, press, tabTo, type, visit, world } = lib;
const REFUSED = /status of 4\d\d/;

/** Files of invented people, from one office to another. */
function sample(kinds, from, to, serial) {
  const folder = lib.freshFolder();
  const between = ["--sender", from.number, "--sender-type", from.type, "--receiver", to.number, "--receiver-type", to.type];
  const about = ["--people", "1", "--seed", "5", "--month", "202604", "--serial", serial];
  lib.fumibako("sample", "--kind", kinds, ...about, ...between, folder);
  return readdirSync(folder).map((name) => join(folder, name));
}

/** The names in an archive, in its order. */
const names = (path) => execFileSync("unzip", ["-Z1", path], { encoding: "utf8" }).trim().split("\n");
const serialOf = (name) => name.replace(/\..*$/, "").split("_").pop();

journey("an office sees what comes, takes it over and answers, without a mouse", async (step) => {
  const care = { number: lib.newOffice("架空れんげ居宅介護支援事業所", "43"), type: "43" };
  const service = { number: lib.newOffice("架空つくし訪問介護事業所", "11"), type: "11" };
  lib.fumibako("office", "place", service.number, "--at", "架空市見本町");
  const { device } = lib.deviceWithSoftware(care.number);
  const send = (...files) => lib.fumibako("send", "--device", device, ...files);
  const page = await visit(world.exchange, { certificate: lib.enrolledDevice(service.number) });
  const tsukushi = administrator(service.number, `tsukushi-${service.number}`, ["架空 つくし", "かくうつくし", "1982-03-03"], "白い犬がM坂で5匹、雨宿りをしていた");

  await step("nothing has come yet, and the page says so", async () => {
    await page.goto(`${world.exchange}/help/sign-in`);
    await on(page, "サインインで困ったとき");
    await look(page, "help-sign-in");
    await setUp(page, tsukushi);
    await signIn(page, tsukushi);
    await page.getByText("新しく届いたデータはありません。").waitFor();
    await look(page, "desk-1-empty");
    assert.equal(await page.title(), "届いたもの - 文箱");
  });

  await step("what arrives is told without reloading, by its number alone", async () => {
    // The later serial first.
    send(...sample("schedule", care, service, "20260326090000"));
    await page.getByText("新しいデータが届きました。").waitFor();
    send(...sample("care_plan", care, service, "20260325090000"));
    await page.waitForFunction(() => document.title.startsWith("(2) "));
    await look(page, "desk-2-news");
    await press(page, link(page, "一覧を新しくする"));
    await page.getByRole("heading", { name: /^まだ開いていないもの/ }).waitFor();
    await look(page, "desk-3-new");
  });

  await step("all of it is downloaded with one button, in the order of import", async () => {
    const download = page.waitForEvent("download");
    await press(page, button(page, "2件すべてを取込用にダウンロード"));
    const path = await (await download).path();
    const serials = names(path).map(serialOf);
    assert.deepEqual(serials, serials.toSorted());
    assert.equal(new Set(serials).size, 2);
    await page.getByText("一覧が変わりました。").waitFor();
    await press(page, link(page, "一覧を新しくする"));
    await page.getByRole("heading", { name: "結果をまだ伝えていないもの", exact: true }).waitFor();
    await look(page, "desk-4-unanswered");
  });

  await step("r1_10 one answer is given for both, after being asked again", async () => {
    const boxes = page.getByRole("checkbox");
    assert.equal(await boxes.count(), 2);
    for (const at of [0, 1]) await press(page, boxes.nth(at), "Space");
    await press(page, button(page, "取り込めた"));
    await on(page, "取込みの結果を伝える");
    await look(page, "desk-5-confirm");
    await press(page, button(page, "「取り込めた」と伝える"));
    await page.getByText("取込みの結果を伝えました。").waitFor();
    await look(page, "desk-6-answered");
  });

  await step("the list is narrowed", async () => {
    await press(page, page.getByText("条件を決めて探す"));
    await type(page, page.getByLabel(/^送信元/), "れんげ");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "見つかったもの", exact: true }).waitFor();
    assert.equal(await page.getByRole("row").count(), 3);
    await look(page, "desk-7-found");
  });

  await step("the other lists, and who is on the exchange", async () => {
    await go(page, "送ったもの");
    await on(page, "送ったもの");
    await look(page, "desk-8-sent");
    await go(page, "連携先");
    await on(page, "連携先");
    await look(page, "partners");
    await type(page, field(page, "番号・名前・所在地で探す"), "すみれ");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "見つかった事業所", exact: true }).waitFor();
    await look(page, "partners-found");
    await press(page, link(page, "すべての連携先に戻る"));
    await type(page, field(page, "ソフトの名前と版"), "架空ケア 4.1");
    await page.keyboard.press("Enter");
    await page.getByText("この事業所で使うソフトを変えました。").waitFor();
  });

  await step("a note is kept about a partner that is not on the exchange", async () => {
    await press(page, link(page, "参加していない事業所を加える"));
    await on(page, "連携先を加える");
    await type(page, field(page, "事業所番号"), "12");
    await page.keyboard.press("Enter");
    await field(page, "事業所名").waitFor();
    await type(page, field(page, "事業所名"), "架空はこべ福祉用具");
    await page.keyboard.press("Enter");
    await page.evaluate(() => document.querySelector("form.card").noValidate = true);
    await press(page, button(page, "控える"));
    await page.getByRole("alert").waitFor();
    await look(page, "partners-new-fault");
    await type(page, field(page, "事業所番号"), "1399999999");
    await tabTo(page, field(page, "連絡の手段"));
    await field(page, "連絡の手段").selectOption({ label: "ファクス" });
    await type(page, page.getByLabel(/^控え/), "金曜の夕方にファクス。");
    await press(page, button(page, "控える"));
    await page.getByText("控えを書きました。").waitFor();
    await look(page, "partners-noted");
    await press(page, page.getByRole("link", { name: "架空はこべ福祉用具の控えを書く" }));
    await on(page, "連携先の控え");
    await look(page, "partners-edit");
  });

  await step("help is at hand", async () => {
    await go(page, "困ったとき");
    await on(page, "困ったとき");
    await press(page, page.getByText("ケアソフトに取り込めない"));
    await look(page, "help");
    await press(page, link(page, "はじめての日"));
    await on(page, "はじめての日");
    await look(page, "help-first-day");
    await press(page, link(page, "アクセシビリティについて"));
    await on(page, "アクセシビリティについて");
    await look(page, "accessibility");
  });
  await leave(page, REFUSED);
});

journey("an office that is not on the exchange reads what it is given, and gives actuals back", async (step) => {
  const care = { number: lib.newOffice("架空なずな居宅介護支援事業所", "43"), type: "43" };
  const outside = { number: `19${care.number.slice(2)}`, type: "11" };
  const page = await visit(world.exchange, { certificate: lib.enrolledDevice(care.number) });
  const nazuna = administrator(care.number, `nazuna-${care.number}`, ["架空 なずな", "かくうなずな", "1977-07-07"], "黄色い自転車が9台、P公園の前に並んでいた");
  let code, address;

  await step("the care manager makes a letter and a code", async () => {
    await setUp(page, nazuna);
    await signIn(page, nazuna);
    await page.goto(`${world.exchange}/partners/new`);
    await type(page, field(page, "事業所番号"), outside.number);
    await type(page, field(page, "事業所名"), "架空ほとけのざ訪問介護");
    await field(page, "連絡の手段").selectOption({ label: "一方向の受渡し" });
    await press(page, button(page, "控える"));
    await page.getByText("控えを書きました。").waitFor();
    await page.goto(`${world.exchange}/partners/${outside.number}`);
    await press(page, link(page, "一方向の受渡しを用意する"));
    await on(page, "一方向の受渡しを用意する");
    await look(page, "handover-1-new");
    await field(page, "渡すファイル").setInputFiles(sample("care_plan,schedule", care, outside, "20260325090000"));
    await press(page, button(page, "窓口を作る"));
    await on(page, "電話で伝えるコード");
    code = await page.locator(".secret").textContent();
    await look(page, "handover-2-code");
    await press(page, link(page, "手紙を開く"));
    await on(page, "お渡しの手紙");
    await look(page, "handover-3-letter");
    await page.pdf({ path: lib.picture("handover-3-letter").replace(/png$/, "pdf"), format: "A4" });
    address = await page.locator(".letter .digest").textContent();
  });

  await step("the other office comes in without a certificate, and only with both", async () => {
    const guest = await visit(address);
    await on(guest, "書類を受け取る");
    await look(guest, "handover-4-door");
    await type(guest, field(guest, "あなたの事業所の事業所番号"), outside.number);
    await type(guest, field(guest, "電話で聞いたコード"), "00000000");
    await guest.keyboard.press("Enter");
    await guest.getByRole("alert").waitFor();
    await look(guest, "handover-5-refused");
    await type(guest, field(guest, "電話で聞いたコード"), code);
    await guest.keyboard.press("Enter");
    await on(guest, "受け取ったもの");
    await look(guest, "handover-6-inside");
    await press(guest, link(guest, "書類を開く"));
    await on(guest, "書類");
    await look(guest, "handover-7-forms");
    await guest.pdf({ path: lib.picture("handover-7-forms").replace(/png$/, "pdf"), preferCSSPageSize: true });
    await press(guest, link(guest, "戻る"));
    await field(guest, "実績のファイル").setInputFiles(sample("actual", outside, care, "20260501090000"));
    await press(guest, button(guest, "返す"));
    await guest.getByText("受け取りました。").waitFor();
    await press(guest, button(guest, "取り込めた"));
    await guest.getByText("結果を相手の事業所に伝えました。").waitFor();
    await press(guest, button(guest, "終わる"));
    await on(guest, "受け取りの窓口");
    await leave(guest, REFUSED);
  });

  await step("what came back is at the care manager's", async () => {
    await page.goto(`${world.exchange}/`);
    await look(page, "handover-8-front");
    await page.getByText("一方向の受渡し", { exact: true }).first().waitFor();
    const download = page.waitForEvent("download");
    await press(page, button(page, "1件すべてを取込用にダウンロード"));
    const path = await (await download).path();
    assert.match(names(path).join(), /^UPJSK_/);
    assert.ok(readFileSync(path).length > 0);
  });

  await step("what was handed over is on the board, and its receipt says that it was imported", async () => {
    await page.goto(`${world.exchange}/handovers`);
    await look(page, "handover-9-list");
    await page.goto(`${world.exchange}/month?month=202604`);
    await page.getByRole("rowheader", { name: /架空ほとけのざ訪問介護/ }).waitFor();
    await look(page, "handover-10-month");
    await page.goto(`${world.exchange}/sent`);
    await look(page, "handover-11-sent");
    await press(page, page.getByRole("link", { name: /の記録: 取込み済み$/ }).first());
    await page.getByText("手紙のアドレスと電話のコード").waitFor();
    await look(page, "handover-12-receipt");
  });
  await leave(page, REFUSED);
});
