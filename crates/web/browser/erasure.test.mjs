// Erasing as people of the operator do it: one asks, another agrees, everybody may stop it, two end a hold (R11.1, R11.5,
// R11.6); and what nobody may do unseen (R6.6).

import { join } from "node:path";
import * as lib from "./lib.mjs";
import { button, comesInByApp, comesInByPasskey, field, invited, link, on, go } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when a form comes back: 422, which the browser notes in its console. */
const FAULTY = /status of 422/;
const mark = process.pid;

/** A set that waits at its receiver; returns its number. */
function sentSet() {
  const sender = lib.newOffice("架空つばき居宅介護支援事業所", "43");
  const receiver = lib.newOffice("架空さざんか訪問介護", "11");
  const { device } = lib.deviceWithSoftware(sender);
  const sets = join(lib.freshFolder(), "sets");
  const between = ["--sender", sender, "--sender-type", "43", "--receiver", receiver, "--receiver-type", "11"];
  lib.fumibako("sample", sets, "--kind", "schedule", ...between);
  const said = lib.fumibako("send", "--device", device, sets);
  return /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(said)[0];
}

journey("an erasure is asked for, agreed to by another, and stopped", async (step) => {
  const certificate = lib.enrolledDevice("--operator");
  const kaede = invited("maintenance", `kaede-${mark}`, ["架空 かえで", "かくうかえで"], "橋のしたのU字溝で、鯉が5匹いた");
  const sumomo = invited("operator-administrator", `sumomo-${mark}`, ["架空 すもも", "かくうすもも"], "窓ぎわのT定規を、8年も使って");
  const page = await visit(world.exchange, { certificate });
  const other = await visit(world.exchange, { certificate });
  const number = sentSet();

  await step("maintenance comes in and sees what was erased", async () => {
    await comesInByPasskey(page, kaede, "消去");
    await look(page, "erasures");
  });

  await step("r11_1 without a procedure nothing is asked for", async () => {
    await press(page, link(page, "消去を申請する"));
    await on(page, "消去を申請する");
    await page.evaluate(() => document.querySelectorAll("form").forEach((form) => (form.noValidate = true)));
    await press(page, button(page, "申請する"));
    await page.getByText("情報種別を選んでください。").first().waitFor();
    await look(page, "erasure-new-faulty");
  });

  await step("r11_5 it is asked for, and nobody agrees to their own", async () => {
    lib.fumibako("retention", "set", "sets", "--keep-days", "3650", "--staff", "journey-1,journey-2", ...lib.OPERATORS);
    await field(page, "情報種別").selectOption({ label: "送受信データ" });
    await type(page, field(page, "対象の番号"), number);
    await field(page, "理由").selectOption({ label: "保存期間より前の消去" });
    await type(page, field(page, "根拠"), "架空の事業所からの申し出");
    await press(page, button(page, "申請する"));
    await on(page, "消去の内容");
    await page.getByText("あなたの申請です。").waitFor();
    if (await button(page, "1件の消去を承認する").count()) throw new Error("one's own request");
    await look(page, "erasure-requested");
  });

  await step("r11_5 another agrees, and a day has to pass", async () => {
    await comesInByPasskey(other, sumomo, "承認待ち");
    await go(other, "消去");
    await on(other, "消去");
    await press(other, other.getByRole("link", { name: /に申請された消去を開く$/ }).first());
    await on(other, "消去の内容");
    await press(other, button(other, "1件の消去を承認する"));
    await other.getByText("承認しました。").waitFor();
    await look(other, "erasure-approved");
    await page.reload();
    await press(page, button(page, "1件を消去する"));
    await page.getByText("承認から24時間たっていません。").first().waitFor();
    await look(page, "erasure-cooling");
  });

  await step("anybody of them stops it", async () => {
    await other.reload();
    await press(other, button(other, "取りやめる"));
    await other.getByText("取りやめました。").waitFor();
    await look(other, "erasure-withdrawn");
  });
  await leave(page, FAULTY);
  await leave(other);
});

journey("a hold is placed by one and ended by two", async (step) => {
  const certificate = lib.enrolledDevice("--operator");
  const tsuge = invited("operator-administrator", `tsuge-${mark}`, ["架空 つげ", "かくうつげ"], "納屋のおくのS字釘を、6本ぬいた");
  const kuri = invited("auditor", `kuri-${mark}`, ["架空 くり", "かくうくり"], "丘のふもとのR店で、栗を9つ買う");
  const page = await visit(world.exchange, { certificate });
  const other = await visit(world.exchange, { certificate });
  const office = lib.newOffice("架空うめ居宅介護支援事業所", "43");

  await step("what is kept how long", async () => {
    await comesInByPasskey(page, tsuge, "承認待ち");
    await go(page, "保存と保全");
    await on(page, "保存と保全");
    await look(page, "retention");
  });

  await step("r11_6 a hold needs a reason, and an office that is known", async () => {
    await page.evaluate(() => document.querySelectorAll("form").forEach((form) => (form.noValidate = true)));
    await field(page, "何を").selectOption("office");
    await type(page, page.getByLabel(/^事業所番号か、対象の番号/), "1399999999");
    await type(page, field(page, "理由"), "架空の事故の調査");
    await press(page, button(page, "消去を止める"));
    await page.getByText("その事業所番号は登録されていません。").first().waitFor();
    await look(page, "retention-faulty");
    await type(page, page.getByLabel(/^事業所番号か、対象の番号/), office);
    await press(page, button(page, "消去を止める"));
    await page.getByText("保全しました。").waitFor();
  });

  await step("r11_6 who asked for its end does not agree to it; another does", async () => {
    const row = (at) => at.getByRole("row", { name: new RegExp(`事業所 ${office} のもの`) });
    await press(page, row(page).getByRole("button", { name: /解くことを申し出る$/ }));
    await page.getByText("保全を解くことを申し出ました。").waitFor();
    if (await row(page).getByRole("button", { name: /同意する$/ }).count()) throw new Error("one's own request");
    await look(page, "retention-asked");
    await comesInByApp(other, kuri, "ログ点検");
    await go(other, "保存と保全");
    await on(other, "保存と保全");
    await press(other, row(other).getByRole("button", { name: /同意する$/ }));
    await other.getByText("保全を解きました。").waitFor();
    await look(other, "retention-released");
  });
  await leave(page, FAULTY);
  await leave(other);
});

journey("r6_6 who looks after the exchange is told that shares were used", async (step) => {
  const certificate = lib.enrolledDevice("--operator");
  const nire = invited("key-custodian", `nire-${mark}`, ["架空 にれ", "かくうにれ"], "沼のほとりのQ館に、鷺が4羽いる");
  const page = await visit(world.exchange, { certificate });

  await step("a custodian comes in, and there is nothing", async () => {
    await comesInByPasskey(page, nire, "重要な知らせ");
    await look(page, "alarms");
  });

  await step("shares are used in a drill", async () => {
    const out = join(lib.freshFolder(), "shares");
    const people = ["--holders", "mochi-1,mochi-2"];
    lib.fumibako("key", "shares", "make", "--of", "2", "--need", "2", ...people, "--out", out, ...lib.OPERATORS);
    const shares = [1, 2].flatMap((number) => ["--share", join(out, `share-${number}.txt`)]);
    lib.fumibako("key", "recover", "--emergency", "年に一度の訓練", "--drill", ...shares, ...lib.OPERATORS);
    await press(page, link(page, "自分のアカウント"));
    await page.getByText("重要な知らせがあります（1件）。").waitFor();
    await press(page, link(page, "知らせを読む"));
    await on(page, "重要な知らせ");
    await look(page, "alarms-told");
  });

  await step("it stays on every page until it has been seen", async () => {
    await press(page, page.getByRole("button", { name: /の知らせを確かめました$/ }).first());
    await page.getByText("確かめたことを記録しました。").waitFor();
    if (await page.getByText("重要な知らせがあります").count()) throw new Error("still there");
    await look(page, "alarms-seen");
  });
  await leave(page);
});
