// Who is responsible, by which rules, and who has been trained: an office keeps its registers (R12.6).

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, field, link, on, setUp, signIn, go } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when a form comes back: 422, which the browser notes in its console. */
const FAULTY = /status of 422/;

journey("an office keeps its registers", async (step) => {
  const number = lib.newOffice();
  const certificate = lib.enrolledDevice(number);
  const names = (kanji, kana, born) => [`架空 ${kanji}`, `かくう${kana}`, born];
  const sakura = administrator(
    number,
    `sakura-${number}`,
    names("さくら", "さくら", "1970-02-03"),
    "峠のY茶屋で、団子を4本食べて帰る",
  );
  const kaede = administrator(
    number,
    `kaede-${number}`,
    names("かえで", "かえで", "1972-03-04"),
    "港のZ市場へ、魚を7匹買いに行く",
  );
  const page = await visit(world.exchange, { certificate });
  const desk = await visit(world.exchange, { certificate });
  const folder = lib.freshFolder();
  const rules = join(folder, "kitei.txt");
  writeFileSync(rules, "架空の運用管理規程 第一版\n");

  await step("two administrators come in", async () => {
    await setUp(page, sakura);
    await signIn(page, sakura);
    await setUp(desk, kaede);
    await signIn(desk, kaede);
  });

  await step("r12_6 what is missing is said first", async () => {
    await go(page, "責任者・規程");
    await on(page, "責任者・規程・教育訓練");
    await page.getByText("システム責任者が登録されていません。").waitFor();
    await look(page, "registers-none");
  });

  await step("r12_6 a form that lacks something comes back with everything in it", async () => {
    await press(page, link(page, "責任者を登録する"));
    await on(page, "責任者を登録する");
    await field(page, "責務").selectOption({ label: "システム責任者" });
    await type(page, field(page, "氏名または事業者名"), "架空 桜子");
    await type(page, field(page, "連絡先"), "00-0000-0001");
    await field(page, "始まりの日").fill("2026-04-01");
    await field(page, "終わりの日書かなくてもよい").fill("2026-03-01");
    await press(page, button(page, "登録する"));
    await page.getByText("終わりの日は、始まりの日より後にしてください。").first().waitFor();
    await look(page, "registers-responsible-faulty");
    await field(page, "終わりの日書かなくてもよい").fill("");
    await press(page, button(page, "登録する"));
    await page.getByText("責任者・関係者一覧に登録しました。").waitFor();
    await page.getByText("システム責任者に、代わりの人がいません。").waitFor();
  });

  await step("r12_6 a version of the rules waits for another person", async () => {
    await press(page, link(page, "規程の版を登録する"));
    await on(page, "規程の版を登録する");
    await type(page, field(page, "規程の名前"), "運用管理規程");
    await field(page, "文書のファイル").setInputFiles(rules);
    await look(page, "registers-rules");
    await press(page, button(page, "登録する"));
    await page.getByText("規程の版を登録しました。").waitFor();
    await page.getByText("承認待ち（有効ではありません）").waitFor();
    await look(page, "registers");
  });

  await step("r12_6 the other administrator approves it", async () => {
    await go(desk, "責任者・規程");
    await on(desk, "責任者・規程・教育訓練");
    await press(desk, button(desk, "運用管理規程 第1版を承認する"));
    await desk.getByText("規程の版を承認しました。").waitFor();
  });

  await step("r12_6 training is recorded by another person", async () => {
    await press(page, link(page, "教育訓練の台帳"));
    await on(page, "教育訓練");
    await look(page, "registers-training");
    await press(page, link(page, `${kaede.name}の教育訓練を記録する`));
    await on(page, "教育訓練を記録する");
    await type(page, field(page, "内容"), "個人情報の安全管理");
    await field(page, "受けた日").fill("2026-11-01");
    await type(page, field(page, "証拠の場所"), "受講証 12号");
    await look(page, "registers-record");
    await press(page, button(page, "記録する"));
    await page.getByText("教育訓練を記録しました。").waitFor();
  });

  await step("r12_6 the office asks for training from now on", async () => {
    await press(page, button(page, "制限を入れる"));
    await page.getByText("教育訓練のない方の操作を制限するようにしました。").waitFor();
    await page.getByText(/教育訓練の記録が要ります。/).first().waitFor();
    await look(page, "registers-training-asked");
  });
  await leave(desk);
  await leave(page, FAULTY);
});
