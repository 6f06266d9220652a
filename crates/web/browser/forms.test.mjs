// 様式: a plan arrives, is read as the paper forms, compared with the version before, and printed (issue 6).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, link, on, setUp, signIn, go } from "./people.mjs";

const { fits, journey, leave, look, press, visit, world } = lib;

const PLAN = "居宅サービス計画書（第1〜3表）";
const MONTH = "サービス利用票・別表（第6・7表）";

/** Files of invented people, from one office to another. */
function sample(kinds, from, to, serial) {
  const folder = lib.freshFolder();
  const between = ["--sender", from.number, "--sender-type", from.type, "--receiver", to.number, "--receiver-type", to.type];
  const about = ["--people", "2", "--seed", "7", "--month", "202604", "--serial", serial];
  lib.fumibako("sample", "--kind", kinds, ...about, ...between, folder);
  return folder;
}

const converted = (from, to, input) => execFileSync("iconv", ["-f", from, "-t", to], { input });

/** The same files a day later, with what `edits` does to some of them. */
function nextDay(folder, edits) {
  const later = lib.freshFolder();
  for (const name of readdirSync(folder)) {
    const edit = Object.entries(edits).find(([prefix]) => name.startsWith(prefix))?.[1] ?? ((text) => text);
    const text = converted("CP932", "UTF-8", readFileSync(join(folder, name))).toString("utf8");
    writeFileSync(join(later, name.replace("20260325", "20260326")), converted("UTF-8", "CP932", edit(text)));
  }
  return later;
}

/** Without the last row. */
const shorter = (text) => text.replace(/\r\n[^\r]*\r\n$/, "\r\n");

/** Prints as the browser's own print dialogue does; the text of each page, without its spaces. */
async function printed(page, name) {
  await page.waitForLoadState("load");
  const pdf = lib.picture(name).replace(/png$/, "pdf");
  await page.pdf({ path: pdf, preferCSSPageSize: true });
  execFileSync("pdftoppm", ["-r", "70", "-png", pdf, lib.picture(name).replace(/\.png$/, "")]);
  const text = execFileSync("pdftotext", ["-raw", "-enc", "UTF-8", pdf, "-"], { encoding: "utf8" });
  return text.split("\f").map((one) => one.replace(/\s/g, "")).filter((one) => one);
}

journey("a plan is read as the forms people know, compared, and printed", async (step) => {
  const care = { number: lib.newOffice("架空れんげ居宅介護支援事業所", "43"), type: "43" };
  const service = { number: lib.newOffice("架空つくし訪問介護事業所", "11"), type: "11" };
  const { device } = lib.deviceWithSoftware(care.number);
  const first = sample("care_plan,schedule", care, service, "20260325090000");
  lib.fumibako("send", "--device", device, first);
  const later = nextDay(first, {
    UP1KYO: (text) => text.replace("。", "。新しい一文を足しました。"),
    UP2KYO: (text) => shorter(text.replace("週2回", "週3回")),
    UP3KYO: shorter,
    UPPLAN: (text) => shorter(text.replace("0715,0800", "0730,0815")),
  });
  lib.fumibako("send", "--device", device, later);

  const certificate = lib.enrolledDevice(service.number);
  const nazuna = administrator(
    service.number,
    `nazuna-${service.number}`,
    ["架空 なずな", "かくうなずな", "1982-06-15"],
    "橋のたもとでZ色の猫が4匹、夕日を見ている",
  );
  const page = await visit(world.exchange, { certificate });
  const name = "想定　計画子";

  await step("one comes in and finds what has arrived", async () => {
    await setUp(page, nazuna);
    await signIn(page, nazuna);
    await look(page, "forms-list");
  });

  await step("a press opens the newest plan as forms, by keyboard", async () => {
    await press(page, link(page, PLAN).first());
    await on(page, PLAN);
    for (const title of ["居宅サービス計画書（１）", "居宅サービス計画書（２）", "週間サービス計画表"]) {
      await page.getByRole("heading", { name: title }).first().waitFor();
    }
    assert.ok(!(await page.title()).includes("想定"), "no name in the title");
    assert.ok(!page.url().includes("想定"));
    assert.equal(await page.locator("ins, del").count(), 0);
    await look(page, "forms-plan");
  });

  await step("the changes since the version before are switched on, and off again", async () => {
    await press(page, link(page, "前の版からの変更を表示する"));
    await page.getByText("変更の印:").waitFor();
    await page.locator("ins", { hasText: "新しい一文を足しました。" }).first().waitFor();
    assert.equal(await page.locator("del", { hasText: "週2回" }).count(), 1);
    assert.equal(await page.locator("tr.removed").count(), 1, "the row that went");
    await look(page, "forms-plan-changes");
    await press(page, link(page, "変更の印を消す"));
    await page.waitForURL((url) => !url.search);
    assert.equal(await page.locator("ins, del").count(), 0);
  });

  await step("it is printed: each form on A4 as it lies, with its person", async () => {
    const unasked = await printed(page, "forms-print-unasked");
    assert.ok(!unasked.join("").includes("想定"), "what is printed without being recorded shows nobody");
    await press(page, link(page, "印刷用に開く"));
    await page.getByText("用紙は A4 です。").waitFor();
    const pages = await printed(page, "forms-print-plan");
    assert.ok(pages.length >= 8, `${pages.length} pages`);
    assert.ok(pages[0].includes("居宅サービス計画書（１）") && pages[0].includes(name.replace("　", "")));
    assert.ok(!pages.join("").includes("自分のアカウント"), "no menu on paper");
    assert.ok(pages.every((one) => /\d+\/\d+$/.test(one) || /\d+\/\d+/.test(one)), "numbered pages");
  });

  await step("the month: a calendar with two rows for each service, and its changes", async () => {
    await page.goto(`${world.exchange}/`);
    await press(page, link(page, MONTH).first());
    await on(page, MONTH);
    await page.getByRole("heading", { name: "サービス利用票別表" }).first().waitFor();
    await look(page, "forms-month");
    await press(page, link(page, "前の版からの変更を表示する"));
    await page.locator(".s6 del").first().waitFor();
    await look(page, "forms-month-changes");
    await press(page, link(page, "印刷用に開く"));
    await page.getByText("用紙は A4 です。").waitFor();
    const text = (await printed(page, "forms-print-month-changes")).join("");
    assert.ok(text.includes("変更") && text.includes("削除"), "the marks are on paper too");
  });

  await step("an older version says that there is a newer one", async () => {
    await page.goto(`${world.exchange}/`);
    await press(page, link(page, PLAN).nth(1));
    await press(page, link(page, "新しいほうを開く"));
    await page.getByText("現在の版です。").waitFor();
  });

  await step("at 200 % nothing is lost sideways", async () => {
    const size = page.viewportSize();
    await page.setViewportSize({ width: Math.round(size.width / 2), height: Math.round(size.height / 2) });
    await fits(page);
    await page.setViewportSize(size);
  });

  await leave(page);
});

journey("the forms of 予防, with the picture of the family", async (step) => {
  const centre = { number: lib.newOffice("架空あんず地域包括支援センター", "46"), type: "46" };
  const service = { number: lib.newOffice("架空すぎな通所リハビリテーション", "66"), type: "66" };
  const { device, certificate } = lib.deviceWithSoftware(centre.number);
  lib.fumibako("send", "--device", device, sample("prevention_plan_with_basic_info", centre, service, "20260325090000"));
  const kaede = administrator(
    centre.number,
    `kaede-${centre.number}`,
    ["架空 かえで", "かくうかえで", "1979-11-03"],
    "図書館の裏でM型の柿が12個、まだ青い",
  );
  const page = await visit(world.exchange, { certificate });

  await step("what was sent is read by its sender too", async () => {
    await setUp(page, kaede);
    await signIn(page, kaede);
    await go(page, "送ったもの");
    await press(page, page.locator("td.kind a").first());
    await page.getByRole("heading", { name: "利用者基本情報", exact: true }).first().waitFor();
    await look(page, "forms-prevention");
  });

  await step("and printed, upright and lying", async () => {
    await press(page, link(page, "印刷用に開く"));
    await page.getByText("用紙は A4 です。").waitFor();
    const pages = await printed(page, "forms-print-prevention");
    assert.ok(pages.some((one) => one.includes("介護予防サービス・支援計画書")));
    assert.ok(pages.some((one) => one.includes("《現病歴・既往歴と経過》")));
  });

  await leave(page);
});
