// 送る, the other ways in: files and folders dropped on the page, and the same page where its script does not come (R10.1).

import assert from "node:assert/strict";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { button, link, on } from "./people.mjs";
import { PDF, desk, files, month, opens, rewritten, sets, signedIn } from "./sending.mjs";

const { accessible, journey, leave, look, picture, press, type, world } = lib;
/** `DragOperation.Copy` of Chromium. */
const COPY = 1;

/** Carries files of the disk over `target`, as a file manager does: the browser itself makes the items out of the paths. */
async function carry(page, paths, target) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: COPY };
  const moves = async (type, target) => {
    const { x, y, width, height } = await target.boundingBox();
    await session.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  };
  await moves("dragEnter", target);
  await moves("dragOver", target);
  return { on: (other) => moves("dragOver", other), letGo: () => moves("drop", target) };
}

async function dropped(page, paths, target) {
  await (await carry(page, paths, target)).letGo();
}

const isOver = (drop) => drop.evaluate((element) => element.classList.contains("over"));

journey("files and folders are dropped on the page", async (step) => {
  const { care, services, certificate, who } = await desk("架空つゆくさ居宅介護支援事業所", 3, "tsuyukusa", "堤防のZ色の馬が4頭、手旗を振っている");
  const page = await signedIn(certificate, who);
  const folder = lib.freshFolder();
  const one = month(join(folder, "single"), care, services[0], { second: 1 });
  month(join(folder, "month", "a"), care, services[1], { second: 2 });
  month(join(folder, "month", "b", "deeper"), care, services[2], { second: 3 });
  const drop = page.locator("#drop");

  await step("the field shows that it takes them, and forgets when they are carried away", async () => {
    await opens(page);
    const held = await carry(page, files(one), drop);
    assert.ok(await isOver(drop));
    await accessible(page, "send-drop-over");
    await page.screenshot({ path: picture("send-drop-over"), fullPage: true });
    await held.on(page.locator("h1"));
    assert.ok(!(await isOver(drop)));
    assert.equal(await page.locator("#send-work").textContent(), "");
  });

  await step("dropped files are looked over", async () => {
    await dropped(page, files(one), drop);
    await sets(page, 1, 1).waitFor();
    assert.ok(!(await isOver(drop)));
  });

  await step("a dropped folder brings what is in its folders", async () => {
    await dropped(page, [join(folder, "month")], drop);
    await sets(page, 2, 2).waitFor();
  });

  await step("files and folders together", async () => {
    await dropped(page, [...files(one), join(folder, "month")], drop);
    await sets(page, 3, 3).waitFor();
    await look(page, "send-drop-together");
  });

  await step("what was dropped is what is sent", async () => {
    for (const box of await page.locator("#confirm-form input[type=checkbox]").all()) await box.check();
    await page.locator("#confirm").click();
    await page.getByRole("heading", { name: "3件を送りました" }).waitFor();
    await page.goto(`${world.exchange}/sent`);
    assert.equal(await page.getByRole("region", { name: "これまでに送ったもの" }).locator("tbody tr").count(), 3);
  });

  await step("beside the field nothing is taken, and the page stays", async () => {
    await opens(page);
    await dropped(page, files(one), page.locator("h1"));
    await page.waitForTimeout(300);
    await on(page, "送る");
    assert.equal(await page.locator("#send-work").textContent(), "");
  });
  await leave(page);
});

journey("where the page's script does not come, the server looks the files over", async (step) => {
  const { care, services, certificate, who } = await desk("架空のぎく居宅介護支援事業所", 4, "nogiku", "渡し場のZ色の鶴が7羽、汽笛を待っている");
  // A network that loses the script; in a browser without any the same page answers, but axe could not be run in it.
  const before = (page) => page.route("**/send.mjs", (route) => route.abort());
  const page = await signedIn(certificate, who, { before });
  const [first, second, third, fourth] = services.map((to, at) => month(lib.freshFolder(), care, to, { second: at + 1 }));

  await step("everything there is to say of files stands on one page", async () => {
    const broken = rewritten(second, (text) => text.replaceAll(",202604,", ",202613,"));
    const utf8 = rewritten(third, (text) => text, "UTF-8");
    const wrong = rewritten(fourth, (text) => text.replaceAll(services[3], services[0]));
    await page.goto(`${world.exchange}/send`);
    await on(page, "送る");
    await look(page, "send-plain-0-choose");
    await page.locator("#files").setInputFiles([...files(first), ...files(broken), ...files(utf8), ...files(wrong)]);
    await press(page, button(page, "検査して確かめる"));
    await on(page, "送る前の確認");
    assert.match(new URL(page.url()).pathname, /^\/send\/drafts\/[0-9a-f-]{36}$/);
    await sets(page, 1, 1).waitFor();
    await page.getByRole("heading", { name: "直さないと送れないもの（2件）" }).waitFor();
    await page.getByRole("heading", { name: "誤送信かもしれないので止めているもの（1件）" }).waitFor();
    for (const fold of await page.locator("main summary").all()) await fold.click();
    await look(page, "send-draft-1-all");
  });

  await step("what is put right is one of those to be sent", async () => {
    await press(page, button(page, "上のとおりに直して使う"));
    await sets(page, 2, 2).waitFor();
    await look(page, "send-draft-2-mended");
  });

  await step("what may be going wrong waits for a second person", async () => {
    await type(page, page.getByLabel("送る理由"), "架空の事業所の統合で、番号が変わる前の予定です。");
    await press(page, button(page, "もう一人に確認を頼む"));
    await page.getByRole("heading", { name: /^誤送信かもしれない/ }).waitFor({ state: "detached" });
    await sets(page, 2, 2).waitFor();
    await look(page, "send-draft-3-held");
  });

  await step("one confirmation sends the rest", async () => {
    for (const box of await page.locator("input[type=checkbox]").all()) await press(page, box, "Space");
    await press(page, page.getByText("署名済みの計画書（PDF）やメッセージを添える").first());
    await page.locator("input[type=file]").first().setInputFiles({ name: "計画書.pdf", mimeType: "application/pdf", buffer: PDF });
    await press(page, button(page, "2事業所に2件をまとめて送る"));
    await on(page, "送った結果");
    await link(page, "残りを開く").waitFor();
    await look(page, "send-draft-4-result");
    assert.equal(await link(page, "送達の記録").count() + (await page.getByRole("link", { name: /送達の記録$/ }).count()) > 0, true);
  });

  await step("files of no set leave nothing to send, and one may give up", async () => {
    await page.goto(`${world.exchange}/send`);
    await page.locator("#files").setInputFiles({ name: "メモ.txt", mimeType: "text/plain", buffer: Buffer.from("覚え書き") });
    await press(page, button(page, "検査して確かめる"));
    await page.getByText("このまま送れるものはありません。").waitFor();
    await look(page, "send-draft-5-strays");
    await press(page, button(page, "送らずにやめる"));
    await on(page, "送る");
  });
  await leave(page, /ERR_FAILED/);
});
