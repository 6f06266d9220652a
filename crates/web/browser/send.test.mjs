// 送る: files are chosen, looked over in the browser, confirmed once for all partners, and sent; the month's end, by clock (issue 6).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, link, on, setUp, signIn, go } from "./people.mjs";
import { PDF, desk, files, isReady, month, opens, rewritten, sets, signedIn } from "./sending.mjs";

const { accessible, fits, journey, leave, look, press, tabTo, type, world } = lib;

/** People and partners of the month's end. The whole size is `cargo xtask month-end`. */
const [PEOPLE, PARTNERS] = (process.env.FUMIBAKO_MONTH_END ?? "20x5").split("x").map(Number);
/** What the month's end may take, on two cores. */
const MONTH_END_MS = 60_000;
/** Of a page, without the module and what is attached. */
const PAGE_BYTES_MAX = 100_000;
const SENT = "送ったもの";

const CARE = "架空なでしこ居宅介護支援事業所";

journey("files are looked over, put right, confirmed once for all partners, and sent", async (step) => {
  const { care, services, certificate, who } = await desk(CARE, 3, "kaede", "裏山のZ色の狐が5匹、縁側で茶を飲む");
  const page = await signedIn(certificate, who);
  const colleague = administrator(care, `colleague-${care}`, ["架空 すみれ", "かくうすみれ", "1971-05-30"], "峠のZ色の蟹が4匹、便箋を折っている");
  const folder = lib.freshFolder();
  const [first, second, third] = services.map((to, at) => month(join(folder, `p${at}`), care, to, { second: at + 1 }));

  await step("the page is light, and its first paint does not wait for a script", async () => {
    const answers = [];
    // What only leads elsewhere has no body, and news never end.
    const weigh = (answer) => {
      const weighed = answer.ok() && !answer.url().endsWith(".wasm") && !answer.url().endsWith("/news");
      if (weighed) answers.push(answer.body());
    };
    page.on("response", weigh);
    await go(page, "送る");
    await on(page, "送る");
    await isReady(page);
    await page.waitForLoadState("networkidle");
    page.off("response", weigh);
    const bytes = (await Promise.all(answers)).reduce((sum, body) => sum + body.length, 0);
    assert.ok(bytes > 0 && bytes < PAGE_BYTES_MAX, `${bytes} bytes`);
    const blocking = await page.evaluate(() =>
      [...document.scripts].filter((script) => script.type !== "module" && !script.defer && !script.async).length);
    assert.equal(blocking, 0);
    await look(page, "send-1-choose");
  });

  await step("what cannot go is shown at its cell, with the fix, and stops nothing else", async () => {
    const broken = rewritten(third, (text) => text.replaceAll(",202604,", ",202613,"));
    await page.locator("#files").setInputFiles([...files(first), ...files(second), ...files(broken)]);
    await sets(page, 2, 2).waitFor();
    await page.getByRole("heading", { name: "直さないと送れないもの（1件）" }).waitFor();
    assert.ok((await page.locator("td.here mark").first().textContent()) === "202613");
    await look(page, "send-2-findings");
    assert.ok(!(await page.title()).match(/想定|架空/u) && !page.url().includes("?"), "nothing of it in title or address");
  });

  await step("what was written in another manner is put right when one accepts it, every change seen", async () => {
    const utf8 = rewritten(third, (text) => text, "UTF-8");
    await page.locator("#files").setInputFiles([...files(first), ...files(second), ...files(utf8)]);
    await page.getByText("直しの提案を見る").first().click();
    assert.ok((await page.locator("details[open] tbody tr").count()) > 0);
    await look(page, "send-3-mending");
    const [more, words] = [page.getByText("内訳を見る・PDFやメッセージを添える").first(), page.locator("#confirm-form textarea").first()];
    await more.click();
    await words.fill("直す前に書いたことばです。");
    await button(page, "上のとおりに直して使う").click();
    await sets(page, 3, 3).waitFor();
    assert.equal(await words.inputValue(), "直す前に書いたことばです。");
    await more.click();
    assert.equal(await page.getByText("直さないと送れないもの").count(), 0);
  });

  await step("one confirmation for all partners, with a document and a message", async () => {
    await page.getByText("内訳を見る・PDFやメッセージを添える").first().click();
    await page.locator("#confirm-form input[type=file]").first().setInputFiles({ name: "計画書（署名済み）.pdf", mimeType: "application/pdf", buffer: PDF });
    await page.locator("#confirm-form textarea").first().fill("署名をいただいた計画書を添えます。");
    await look(page, "send-4-confirm");
    // The first time something goes to an office, one says so; until then nothing goes.
    await page.locator("#confirm").click();
    assert.equal(await page.locator("#result").count(), 0);
    for (const box of await page.locator("#confirm-form input[type=checkbox]").all()) await box.check();
    await page.locator("#confirm").dblclick();
    await page.getByRole("heading", { name: "3件を送りました" }).waitFor();
    await look(page, "send-5-result");
    assert.equal(await link(page, "送達の記録").count() + await page.getByRole("link", { name: /送達の記録$/ }).count() > 0, true);
  });

  await step("everything is there once, and the document with it", async () => {
    await page.goto(`${world.exchange}/sent`);
    await on(page, SENT);
    const sent = page.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr");
    assert.equal(await sent.count(), 3);
    for (const row of await sent.all()) {
      const number = (await row.textContent()).match(/13\d{8}/)[0];
      if (number === services[0]) await row.getByRole("link").first().click();
      if (number === services[0]) break;
    }
    await page.getByRole("heading", { name: "添えられたもの" }).waitFor();
    await page.getByText("署名をいただいた計画書を添えます。").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), link(page, "計画書（署名済み）.pdf").click()]);
    assert.deepEqual(readFileSync(await download.path()), PDF);
    await look(page, "send-6-enclosed");
  });

  await step("the same again, from a second window, is told so and nothing goes twice", async () => {
    await opens(page);
    await page.locator("#folder").setInputFiles(folder);
    await sets(page, 3, 3).waitFor();
    assert.equal(await page.locator("#confirm-form input[type=checkbox]").count(), 0, "known partners ask nothing");
    await page.locator("#confirm").click();
    await page.getByText("すでに送ってあります。").first().waitFor();
    await page.goto(`${world.exchange}/sent`);
    assert.equal(await page.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr").count(), 3);
  });

  await step("a session that ends in the middle loses nothing: one signs in elsewhere and goes on", async () => {
    const more = month(join(folder, "more"), care, services[0], { second: 30, seed: 9 });
    await opens(page);
    await page.locator("#files").setInputFiles(files(more));
    await sets(page, 1, 1).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${world.exchange}/`);
    await press(other, button(other, /^(出る|サインアウト)$/));
    await other.waitForURL(/sign-in/);
    await page.locator("#confirm").click();
    await page.getByText("選んだファイルはこの画面に残っています。").waitFor();
    await accessible(page, "send-7-signed-out");
    await signIn(other, who);
    await other.close();
    await button(page, "続きを送る").click();
    await page.getByRole("heading", { name: "1件を送りました" }).waitFor();
  });

  await step("what cannot go stays beside the result", async () => {
    const more = month(join(folder, "beside"), care, services[0], { second: 32, seed: 11 });
    const broken = rewritten(month(lib.freshFolder(), care, services[1], { second: 33, seed: 12 }), (text) => text.replaceAll(",202604,", ",202613,"));
    await opens(page);
    await page.locator("#files").setInputFiles([...files(more), ...files(broken)]);
    await sets(page, 1, 1).waitFor();
    await page.locator("#confirm").click();
    await page.getByRole("heading", { name: "1件を送りました" }).waitFor();
    await page.getByRole("heading", { name: "直さないと送れないもの（1件）" }).waitFor();
    await accessible(page, "send-7-beside");
  });

  await step("what one person chose never goes in the name of another who signs in elsewhere", async () => {
    const more = month(join(folder, "others"), care, services[0], { second: 31, seed: 10 });
    await opens(page);
    await page.locator("#files").setInputFiles(files(more));
    await sets(page, 1, 1).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${world.exchange}/`);
    await press(other, button(other, /^(出る|サインアウト)$/));
    await other.waitForURL(/sign-in/);
    await setUp(other, colleague);
    await signIn(other, colleague);
    await page.locator("#confirm").click();
    await page.getByText("別の人がサインインしています。").waitFor();
    await accessible(page, "send-7-other-person");
    await other.goto(`${world.exchange}/sent`);
    assert.equal(await other.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr").count(), 5);
    await other.close();
  });

  await leave(page, /403|Forbidden/);
});

journey("everything is sent by keyboard alone", async (step) => {
  const { care, services, certificate, who } = await desk("架空ひなぎく居宅介護支援事業所", 1, "hinagiku", "踏切のZ色の犬が6匹、雨宿りをしている");
  const page = await signedIn(certificate, who);
  const folder = month(lib.freshFolder(), care, services[0]);

  await step("from the menu to the printed result", async () => {
    await go(page, "送る");
    await on(page, "送る");
    await isReady(page);
    await tabTo(page, page.locator("#files"));
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
    await chooser.setFiles(files(folder));
    await sets(page, 1, 1).waitFor();
    await press(page, page.getByText("内訳を見る・PDFやメッセージを添える"));
    await type(page, page.locator("#confirm-form textarea"), "よろしくお願いします。");
    await page.keyboard.press("Shift+Tab");
    for (let tabs = 0; tabs < 4 && !(await page.locator("#confirm-form input[type=checkbox]").evaluate((box) => box === document.activeElement)); tabs += 1) {
      await page.keyboard.press("Shift+Tab");
    }
    await page.keyboard.press("Space");
    await press(page, page.locator("#confirm"));
    await page.getByRole("heading", { name: "1件を送りました" }).waitFor();
    await tabTo(page, button(page, "結果を印刷する"));
    await fits(page);
  });
  await leave(page);
});

journey("everything is sent without a script", async (step) => {
  const { care, services, certificate, who } = await desk("架空すずらん居宅介護支援事業所", 2, "suzuran", "水門のZ色の亀が9匹、月を待っている");
  const page = await signedIn(certificate, who, { script: false });
  const chosen = services.flatMap((to, at) => files(month(lib.freshFolder(), care, to, { second: at + 1 })));

  await step("the server looks the files over and shows the same", async () => {
    await go(page, "送る");
    await on(page, "送る");
    await page.locator("#files").setInputFiles(chosen);
    await press(page, button(page, "検査して確かめる"));
    await on(page, "送る前の確認");
    await sets(page, 2, 2).waitFor();
    await page.screenshot({ path: lib.picture("send-plain-1-confirm"), fullPage: true });
  });

  await step("one confirmation sends it, and going back sends nothing twice", async () => {
    for (const box of await page.locator("input[type=checkbox]").all()) await press(page, box, "Space");
    await press(page, page.getByText("署名済みの計画書（PDF）やメッセージを添える").first());
    await page.locator("input[type=file]").first().setInputFiles({ name: "計画書.pdf", mimeType: "application/pdf", buffer: PDF });
    await press(page, button(page, "2事業所に2件をまとめて送る"));
    await on(page, "送った結果");
    await page.getByRole("heading", { name: "送れたもの 2件" }).waitFor();
    await page.screenshot({ path: lib.picture("send-plain-2-result"), fullPage: true });
    await page.goBack();
    await page.goto(`${world.exchange}/sent`);
    assert.equal(await page.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr").count(), 2);
  });
  await leave(page);
});

journey("what may be going to the wrong office waits for a second person", async (step) => {
  const { care, services, certificate, who } = await desk("架空りんどう居宅介護支援事業所", 2, "rindou", "桟橋のZ色の鳩が8羽、地図を読んでいる");
  const second = administrator(care, `second-${care}`, ["架空 しらかば", "かくうしらかば", "1969-02-11"], "坂道のZ色の鯉が3匹、灯りを運んでいる");
  const page = await signedIn(certificate, who);
  // Everything in it is served by the other office.
  const wrong = rewritten(month(lib.freshFolder(), care, services[0]), (text) => text.replaceAll(services[0], services[1]));

  await step("it is stopped, and a reason asks for a second person", async () => {
    await opens(page);
    await page.locator("#files").setInputFiles(files(wrong));
    await page.getByRole("heading", { name: "誤送信かもしれないので止めているもの（1件）" }).waitFor();
    await look(page, "send-8-stopped");
    await type(page, page.getByLabel("送る理由"), "架空の事業所の統合で、番号が変わる前の予定です。");
    await press(page, button(page, "もう一人に確認を頼む"));
    await page.getByText("もう一人の職員の確認を待っています。").waitFor();
    await page.goto(`${world.exchange}/send/held`);
    await on(page, "確認待ち");
    await look(page, "send-9-held");
  });

  await step("the second person reads, confirms, and it goes", async () => {
    const other = await signedIn(certificate, second);
    await other.goto(`${world.exchange}/send`);
    await press(other, link(other, "確認待ちを開く"));
    await press(other, link(other, "内容を見て確認する"));
    await on(other, "確認して送る");
    await look(other, "send-10-second");
    // Nothing was ever sent there: until one says that one has seen it, nothing goes.
    await button(other, "確かめたので送る").click();
    await on(other, "確認して送る");
    await tabTo(other, other.locator("#ack"));
    await other.keyboard.press("Space");
    await press(other, button(other, "確かめたので送る"));
    await on(other, "送達の記録");
    await leave(other);
  });
  await leave(page);
});

journey(`month-end: ${PEOPLE} people × ${PARTNERS} partners from files to sent`, async (step) => {
  const { care, services, certificate, who } = await desk("架空ふじ居宅介護支援事業所", PARTNERS, "fuji", "岬のZ色の鯨が2頭、手紙を配っている");
  const folder = lib.freshFolder();
  services.forEach((to, at) => month(join(folder, `p${at}`), care, to, { people: PEOPLE, second: at, seed: at + 1 }));
  // The month before: nobody is new.
  const device = lib.deviceWithSoftware(care).device;
  for (const [at, to] of services.entries()) {
    const before = lib.freshFolder();
    const between = ["--sender", care, "--sender-type", "43", "--receiver", to, "--receiver-type", "11"];
    lib.fumibako("sample", "--kind", "schedule", "--people", "1", "--month", "202603", "--serial", `202602250900${String(at).padStart(2, "0")}`, ...between, before);
    lib.fumibako("send", "--device", device, before);
  }
  const page = await signedIn(certificate, who);

  await step("two actions, and everything is sent", async () => {
    await opens(page);
    const began = Date.now();
    await page.locator("#folder").setInputFiles(folder);
    await sets(page, PARTNERS, PARTNERS).waitFor({ timeout: MONTH_END_MS });
    const looked = Date.now();
    await page.locator("#confirm").click();
    await page.getByRole("heading", { name: `${PARTNERS}件を送りました` }).waitFor({ timeout: MONTH_END_MS });
    const done = Date.now();
    const seconds = (ms) => (ms / 1000).toFixed(1);
    const bytes = services.flatMap((_, at) => files(join(folder, `p${at}`))).reduce((sum, path) => sum + readFileSync(path).length, 0);
    console.log(`month-end: ${PEOPLE} people × ${PARTNERS} partners, ${(bytes / 1e6).toFixed(1)} MB: ` +
      `looked over after ${seconds(looked - began)} s, sent after ${seconds(done - began)} s`);
    assert.ok(done - began < MONTH_END_MS, `${seconds(done - began)} s`);
    await page.goto(`${world.exchange}/sent`);
    const sent = await page.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr").count();
    assert.equal(sent, Math.min(40, 2 * PARTNERS));
  });
  await leave(page);
});
