// 今月: a month is looked through, found, compared, asked for, written about, written out and printed (issue 6).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, link, on, setUp, signIn, go } from "./people.mjs";

const { fits, journey, leave, look, press, type, visit, world } = lib;

/** Files of invented people of April 2026, from one office to another. */
function sample(kind, from, to, serial, people = "3") {
  const folder = lib.freshFolder();
  const between = ["--sender", from.number, "--sender-type", from.type, "--receiver", to.number, "--receiver-type", to.type];
  const about = ["--people", people, "--seed", "11", "--month", "202604", "--serial", serial];
  lib.fumibako("sample", "--kind", kind, ...about, ...between, folder);
  return folder;
}

const converted = (from, to, input) => execFileSync("iconv", ["-f", from, "-t", to], { input });

/** The same files with what `edit` does to the one of this kind. */
function edited(folder, prefix, edit) {
  const other = lib.freshFolder();
  for (const name of readdirSync(folder)) {
    let text = converted("CP932", "UTF-8", readFileSync(join(folder, name))).toString("utf8");
    if (name.startsWith(prefix)) text = edit(text);
    writeFileSync(join(other, name), converted("UTF-8", "CP932", text));
  }
  return other;
}

/** Another time on the first row and another number of units on the second, and without the last row. */
function otherThanPlanned(text) {
  const rows = text.split("\r\n").filter((row) => row);
  rows.pop();
  return rows.map((row) => `${row}\r\n`).join("");
}

/** Prints as the browser's own print dialogue does; the text of each page, without its spaces. */
async function printed(page, name) {
  await page.waitForLoadState("load");
  const pdf = lib.picture(name).replace(/png$/, "pdf");
  await page.pdf({ path: pdf, preferCSSPageSize: true });
  execFileSync("pdftoppm", ["-r", "70", "-png", pdf, lib.picture(name).replace(/\.png$/, "")]);
  const text = execFileSync("pdftotext", ["-raw", "-enc", "UTF-8", pdf, "-"], { encoding: "utf8" });
  return text.split("\f").map((one) => one.replace(/\s/g, "")).filter((one) => one);
}

/** The page of the same path asked for by keyboard has come. */
const busy = (page) => page.waitForLoadState("load");

journey("a month from the first plan to the last difference, by keyboard", async (step) => {
  const care = { number: lib.newOffice("架空ききょう居宅介護支援事業所", "43"), type: "43" };
  const service = { number: lib.newOffice("架空りんどう訪問介護ステーション", "11"), type: "11" };
  const other = { number: lib.newOffice("架空おみなえし訪問介護事業所", "11"), type: "11" };
  const { device, certificate } = lib.deviceWithSoftware(care.number);
  const theirs = lib.deviceWithSoftware(service.number);
  const suzuna = administrator(
    care.number,
    `suzuna-${care.number}`,
    ["架空 すずな", "かくうすずな", "1985-02-11"],
    "坂の上のK色の鐘が3度、霧の中で鳴った",
  );
  const page = await visit(world.exchange, { certificate });

  await step("a month with nothing in it says what to do", async () => {
    await setUp(page, suzuna);
    await signIn(page, suzuna);
    await go(page, "今月");
    await on(page, "今月");
    await look(page, "month-1-empty");
  });

  const plan = sample("schedule", care, service, "20260325090000");
  lib.fumibako("send", "--device", device, plan);
  lib.fumibako("send", "--device", device, sample("schedule", care, other, "20260325090100", "1"));

  await step("plans are there, whose actuals are missing is seen, and one is found by name", async () => {
    await page.getByLabel("対象年月").selectOption("202604");
    await press(page, button(page, "表示する"));
    await page.getByText("実績がまだ").first().waitFor();
    await look(page, "month-2-plans");
    const name = (await page.locator("table.month tbody th a").first().textContent()).trim();
    const part = name.split(/[\s　]+/)[0];
    await type(page, page.getByLabel(/氏名か番号でさがす/), part);
    await page.keyboard.press("Enter");
    await busy(page);
    await page.getByText("人目です").waitFor();
    assert.ok(!page.url().includes(encodeURIComponent(part)), "what is looked for is in no address");
    assert.ok(!(await page.title()).includes(part));
    await look(page, "month-3-found");
    await type(page, page.getByLabel(/氏名か番号でさがす/), "だれでもないひと");
    await page.keyboard.press("Enter");
    await page.getByText("当てはまる利用者はいません").waitFor();
    await look(page, "month-4-nobody");
  });

  await step("a partner is asked for its actuals with one press", async () => {
    await page.goto(`${world.exchange}/month?month=202604`);
    await press(page, button(page, "架空おみなえし訪問介護事業所に実績を催促する"));
    await page.getByText("「実績をお待ちしています」と伝えました。").waitFor();
    await page.getByText("きょう伝えました").waitFor();
  });

  const report = edited(sample("actual", service, care, "20260501090000"), "UPJSK", otherThanPlanned);
  lib.fumibako("send", "--device", theirs.device, report);
  lib.fumibako("collect", "--device", device, join(lib.freshFolder(), "in"));

  await step("one press compares everything that has arrived", async () => {
    await page.reload();
    await press(page, button(page, "まだの予定と実績を突き合わせる"));
    await page.getByText("予定と実績を突き合わせました。").waitFor();
    await page.getByText(/^差異 \d+件$/).first().waitFor();
    await look(page, "month-5-compared");
    await page.getByLabel("表示する利用者").selectOption("differing");
    await press(page, button(page, "表示する"));
    await page.waitForURL(/only=differing/);
    await look(page, "month-6-differing");
  });

  await step("a person's month shows both sides, and signs where they differ", async () => {
    // The last person's last row was left out of the report.
    await press(page, page.locator("table.month tbody th a").last());
    await on(page, "予実突合");
    await page.locator(".signs .missing", { hasText: "×" }).first().waitFor();
    assert.ok(!/[ぁ-ん一-龠]/.test(decodeURIComponent(page.url())), "nobody's name is in the address");
    await look(page, "month-7-person");
  });

  await step("a difference is accepted, and taken up again", async () => {
    const accept = page.getByRole("button", { name: /の差異（.*）を了承する$/ });
    const before = await accept.count();
    await press(page, accept.first());
    await page.getByText("差異を了承しました。").waitFor();
    assert.equal(await accept.count(), before - 1);
    await look(page, "month-8-accepted");
    await press(page, page.getByRole("button", { name: /了承を取り消す$/ }).first());
    await page.getByText("了承を取り消しました。").waitFor();
    assert.equal(await accept.count(), before);
  });

  await step("a comment is written beside it; an empty one comes back and says why", async () => {
    const box = page.getByLabel("架空りんどう訪問介護ステーションへの連絡");
    await press(page, button(page, "架空りんどう訪問介護ステーションに連絡を書く"));
    await page.getByText("1文字以上500文字まで").waitFor();
    await look(page, "month-9-fault");
    await type(page, box, "月末の訪問は、ご本人の入院で中止になりました。計画の見直しを予定しています。");
    await press(page, button(page, "架空りんどう訪問介護ステーションに連絡を書く"));
    await page.getByText("連絡を書きました。").waitFor();
    await look(page, "month-10-comment");
  });

  await step("at 200 % nothing is lost sideways", async () => {
    const size = page.viewportSize();
    await page.setViewportSize({ width: Math.round(size.width / 2), height: Math.round(size.height / 2) });
    await fits(page);
    await page.setViewportSize(size);
  });

  await step("it is printed on A4, lying, after it was asked for", async () => {
    const name = (await page.locator(".whom dd").first().textContent()).replace(/[\s　]/g, "").split("（")[0];
    const unasked = await printed(page, "month-print-unasked");
    assert.ok(!unasked.join("").includes(name), "what is printed without being recorded shows nobody");
    await press(page, link(page, "印刷用に開く"));
    await page.getByText("用紙は A4 横です。").waitFor();
    const pages = await printed(page, "month-print");
    assert.ok(pages[0].includes(name) && pages.join("").includes("版の経過"), pages[0]);
    assert.ok(!pages.join("").includes("自分のアカウント"), "no menu on paper");
  });

  await step("the month is written out for Excel", async () => {
    await page.goto(`${world.exchange}/month?month=202604`);
    const download = page.waitForEvent("download");
    await press(page, button(page, "この表を Excel に書き出す"));
    const file = readFileSync(await (await download).path());
    assert.equal(file.subarray(0, 2).toString(), "PK");
  });
  await leave(page, /status of 4\d\d/);
});

journey("the service office sees the same month from its side", async (step) => {
  const care = { number: lib.newOffice("架空ふじばかま居宅介護支援事業所", "43"), type: "43" };
  const service = { number: lib.newOffice("架空なでしこ訪問介護ステーション", "11"), type: "11" };
  const { device, certificate: desk } = lib.deviceWithSoftware(care.number);
  const { certificate } = lib.deviceWithSoftware(service.number);
  lib.fumibako("send", "--device", device, sample("schedule", care, service, "20260325090000", "2"));
  const [hagi, kuzu] = [
    administrator(care.number, `hagi-${care.number}`, ["架空 はぎ", "かくうはぎ", "1977-09-01"], "窓辺のR色の猫が5匹、月を数えている"),
    administrator(service.number, `kuzu-${service.number}`, ["架空 くず", "かくうくず", "1990-12-24"], "川向こうのT型の橋が9本、雪に埋もれた"),
  ];

  await step("the care manager asks for the actuals", async () => {
    const page = await visit(world.exchange, { certificate: desk });
    await setUp(page, hagi);
    await signIn(page, hagi);
    await page.goto(`${world.exchange}/month?month=202604`);
    await press(page, page.getByRole("button", { name: /に実績を催促する$/ }));
    await page.getByText("伝えました。").waitFor();
    await leave(page);
  });

  const page = await visit(world.exchange, { certificate });
  await step("the first page says who waits for what", async () => {
    await setUp(page, kuzu);
    await signIn(page, kuzu);
    await page.getByText("2026年4月分の実績をお待ちしています").waitFor();
    await look(page, "month-11-waiting");
    await press(page, link(page, "実績がまだの利用者を見る"));
    await on(page, "今月");
    await page.getByText("届いた・未開封").first().waitFor();
    await look(page, "month-12-service");
  });

  await step("a version says that it is the current one, and when there is a newer one", async () => {
    await press(page, page.locator("table.month a.state").first());
    await page.getByText("現在の版です。").waitFor();
    lib.fumibako("send", "--device", device, sample("schedule", care, service, "20260326090000", "2"));
    await page.reload();
    await page.getByText("この後に新しい版があります。").waitFor();
    await look(page, "month-13-older-version");
    await press(page, link(page, "新しいほうを開く").first());
    await page.getByText("現在の版です。").waitFor();
    await page.goto(`${world.exchange}/month?month=202604`);
    await press(page, page.locator("table.month tbody th a").first());
    await on(page, "予実突合");
    await page.getByText("差し替え済み").first().waitFor();
    await look(page, "month-14-versions");
  });
  await leave(page);
});
