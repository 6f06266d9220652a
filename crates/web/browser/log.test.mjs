// The log and its reviews: an office looks at its own, the auditor at all, each finding is judged with a note (R10.7, R10.8).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as lib from "./lib.mjs";
import { administrator, button, comesInByApp, field, go, invited, link, on, setUp, signIn } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when a form comes back: 422, which the browser notes in its console. */
const FAULTY = /status of 422/;

async function judge(page, finding, verdict, note) {
  await finding.getByRole("radio", { name: new RegExp(`^${verdict}`) }).check();
  await finding.getByLabel("理由", { exact: true }).fill(note);
  await press(page, finding.getByRole("button", { name: /の判断を残す$/ }));
}

journey("an office looks into its own log and reviews it", async (step) => {
  const number = lib.newOffice();
  const certificate = lib.enrolledDevice(number);
  const names = ["架空 やまぶき", "かくうやまぶき", "1978-05-05"];
  const chief = administrator(number, `yamabuki-${number}`, names, "丘の上のW館で、絵を6枚見て帰る");
  const page = await visit(world.exchange, { certificate });

  await step("the administrator comes in", async () => {
    await setUp(page, chief);
    await signIn(page, chief);
  });

  await step("r10_7 what the office did is listed, with names", async () => {
    await go(page, "証跡");
    await on(page, "証跡");
    await page.getByRole("cell", { name: /^画面を開いた/ }).first().waitFor();
    await page.getByText(/^記録 \d+$/).first().click();
    await look(page, "log");
  });

  await step("r10_7 it is searched by login, which stands in no address", async () => {
    await type(page, field(page, "だれが書かなくてもよい"), chief.login);
    await page.keyboard.press("Enter");
    await on(page, "証跡");
    assert.ok(!page.url().includes(chief.login), page.url());
    await field(page, "対象の番号書かなくてもよい").fill("no-such-object");
    await press(page, button(page, "さがす"));
    await page.getByText("この条件の記録はありません。").waitFor();
    await look(page, "log-none");
  });

  await step("r10_7 an export says what for", async () => {
    await go(page, "証跡");
    await on(page, "証跡");
    await type(page, field(page, "書き出す目的"), "架空の運営指導のため");
    const downloading = page.waitForEvent("download");
    await press(page, button(page, "書き出す"));
    const download = await downloading;
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(text.includes("画面を開いた") && !text.includes(chief.name), text);
  });

  await step("r10_8 a review in between is prepared and closed", async () => {
    await go(page, "ログ点検");
    await on(page, "ログ点検");
    await look(page, "reviews-none");
    await press(page, button(page, "きょうまでの点検を用意する"));
    await page.getByText("今月のきょうまでの点検を用意しました。").waitFor();
    await press(page, page.getByRole("link", { name: /の点検を開く$/ }));
    await page.getByRole("heading", { name: "点検を閉じる" }).waitFor();
    await look(page, "review-office");
  });
  await leave(page);
});

journey("two auditors judge what a month has, and neither their own", async (step) => {
  const certificate = lib.enrolledDevice("--operator");
  const mark = process.pid;
  const fuji = invited("auditor", `fuji-${mark}`, ["架空 ふじ", "かくうふじ"], "海辺のV駅で、貝を8つ拾って帰る");
  const hagi = invited("auditor", `hagi-${mark}`, ["架空 はぎ", "かくうはぎ"], "山あいのX湯に、9日つかって眠る");
  const page = await visit(world.exchange, { certificate });
  const other = await visit(world.exchange, { certificate });

  await step("the auditors come in, and the review is the first they see", async () => {
    await comesInByApp(page, fuji, "ログ点検");
    await comesInByApp(other, hagi, "ログ点検");
  });

  await step("r10_8 findings are prepared", async () => {
    await press(page, button(page, "きょうまでの点検を用意する"));
    await page.getByText(/今月のきょうまでの点検を用意しました。|もう用意してあります。/).waitFor();
    await look(page, "reviews");
    await press(page, page.getByRole("link", { name: /の点検を開く$/ }).first());
    await page.getByText("運営者の端末での作業").first().waitFor();
    await look(page, "review");
  });

  await step("r10_8 without a note there is no judgement", async () => {
    const finding = page.locator("article.finding:has(form)").first();
    // Past the browser's own check, which a hurried person never gets past.
    await page.evaluate(() => document.querySelectorAll("form").forEach((form) => (form.noValidate = true)));
    await judge(page, finding, "問題なし", "");
    await page.getByText("そう判断した理由を").first().waitFor();
    await look(page, "review-faulty");
  });

  await step("r10_8 a finding is judged, and nobody's own", async () => {
    const finding = page.locator("article.finding:has(form)").first();
    await judge(page, finding, "問題なし", "作業の日誌と合っている");
    await page.getByText("判断を残しました。").waitFor();
    await page.getByText("あなた自身の操作についての所見です。").first().waitFor();
    await page.getByText("作業の日誌と合っている").first().waitFor();
    await look(page, "review-judged");
  });

  await step("r10_8 the other auditor sees who judged what", async () => {
    await other.goto(page.url());
    await other.getByText("作業の日誌と合っている").first().waitFor();
    await other.getByText(fuji.name).first().waitFor();
  });

  await step("r10_7 the whole log is there for the auditor", async () => {
    await press(page, page.getByRole("link", { name: "証跡", exact: true }));
    await on(page, "証跡");
    await field(page, "何を選ばなくてもよい").selectOption({ label: "証跡を見た" });
    await press(page, button(page, "さがす"));
    await page.getByText("この条件の記録").or(page.getByRole("cell", { name: "証跡を見た" }).first()).waitFor();
    await look(page, "log-auditor");
  });
  await leave(other);
  await leave(page, FAULTY);
});
