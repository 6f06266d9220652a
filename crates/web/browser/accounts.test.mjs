// People: set up an account, come in with an app and with a passkey, lose them, and get new ones (R8).

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, field, givePassword, go, link, on, setUp, signIn, signOut } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when it said no: 4xx, which the browser notes in its console. */
const REFUSED = /status of 4\d\d/;

journey("somebody is invited, sets up an account, adds a passkey, loses everything, and recovers", async (step) => {
  const number = lib.newOffice();
  const certificate = lib.enrolledDevice(number);
  const ayame = administrator(
    number,
    `ayame-${number}`,
    ["架空 あやめ", "かくうあやめ", "1975-04-01"],
    "雨の日はQ通りへ、傘を3本持って出る",
  );
  const tsubaki = administrator(
    number,
    `tsubaki-${number}`,
    ["架空 つばき", "かくうつばき", "1980-08-20"],
    "駅前のR書店で、本を5冊買って帰る",
  );
  const sumire = { login: `sumire-${number}`, name: "架空 すみれ", password: "青い鳥がK橋に7羽、朝から鳴いている" };
  const page = await visit(world.exchange, { certificate });
  const desk = await visit(world.exchange, { certificate });
  let passkey;

  await step("r8_12 the administrators choose their own secrets", async () => {
    await setUp(page, tsubaki);
    await setUp(desk, ayame, "first");
  });

  await step("r8_2 a password and an app open the first page", async () => {
    await givePassword(desk, ayame);
    await on(desk, "二つ目の確認");
    await look(desk, "sign-in-app");
    await type(desk, field(desk, "認証アプリの6桁の数字"), await ayame.app());
    await desk.keyboard.press("Enter");
    await on(desk, "届いたもの");
    await look(desk, "front");
  });

  await step("r8_1 one administrator invites a colleague", async () => {
    await go(desk, "職員");
    await on(desk, "職員");
    await press(desk, link(desk, "職員を招待する"));
    await on(desk, "職員を招待する");
    await type(desk, field(desk, "氏名"), sumire.name);
    await type(desk, field(desk, "かな"), "かくうすみれ");
    await field(desk, "生年月日").fill("1990-10-10");
    await type(desk, field(desk, "ログインID"), sumire.login);
    await field(desk, "役割").selectOption({ label: "事業所の職員" });
    await look(desk, "staff-invite");
    await press(desk, button(desk, "招待する"));
    await on(desk, "招待のコード");
    sumire.code = await desk.locator(".secret").textContent();
    await look(desk, "staff-code");
  });

  await step("r12_3 another administrator confirms the role", async () => {
    await signIn(page, tsubaki);
    await go(page, "役割");
    await on(page, "役割");
    await look(page, "grants");
    await press(page, button(page, `${sumire.name}の役割を確認する`));
    await page.getByText("確認しました。").waitFor();
    await signOut(page);
  });

  await step("r8_12 the colleague chooses their own secrets, and comes in", async () => {
    await setUp(page, sumire);
    await signIn(page, sumire);
  });

  await step("r8_4 a passkey is added", async () => {
    passkey = await lib.virtualAuthenticator(page);
    await page.goto(`${world.exchange}/account`);
    await look(page, "account");
    await press(page, link(page, "パスキーを追加する"));
    await on(page, "パスキーを追加する");
    await look(page, "account-passkey");
    await type(page, field(page, "この手段の名前"), "受付のPC");
    await press(page, button(page, "パスキーを登録する"));
    await page.getByText("二つ目の手段を登録しました。").waitFor();
    assert.equal((await passkey.credentials()).length, 1);
    await look(page, "account-two-factors");
    await signOut(page);
  });

  await step("r8_4 a password and the passkey open the first page", async () => {
    await givePassword(page, sumire);
    await on(page, "二つ目の確認");
    await look(page, "sign-in-passkey");
    await press(page, button(page, "パスキーで確かめる"));
    await on(page, "届いたもの");
    await signOut(page);
  });

  await step("r8_5 with the passkey lost, a code on paper opens, and the passkey is taken off", async () => {
    await passkey.lose();
    await givePassword(page, sumire);
    await on(page, "二つ目の確認");
    await press(page, page.getByText("認証アプリもパスキーも手元にないとき"));
    await look(page, "sign-in-paper");
    await type(page, field(page, "予備コード"), sumire.paper.pop());
    await page.keyboard.press("Enter");
    await on(page, "届いたもの");
    await page.goto(`${world.exchange}/account`);
    await press(page, button(page, "受付のPCを外す"));
    await page.getByText("手段を外しました。").waitFor();
    await signOut(page);
  });

  await step("r8_11 the administrator writes down how identity was checked", async () => {
    await go(desk, "再登録");
    await on(desk, "再登録");
    await look(desk, "recovery");
    await press(desk, link(desk, "再登録を申請する"));
    await on(desk, "再登録を申請する");
    await field(desk, "登録し直す方（本人）").selectOption({ label: sumire.name });
    await field(desk, "登録し直すもの").selectOption({ label: "パスワードと認証の手段の再登録" });
    await field(desk, "本人確認をした方").selectOption({ label: ayame.name });
    await field(desk, "どのように確かめたか").selectOption({ index: 1 });
    const evidence = join(lib.freshFolder(), "evidence.pdf");
    writeFileSync(evidence, "%PDF-1.4\n% 架空\n");
    await field(desk, "確かめた書類の写し").setInputFiles(evidence);
    await look(desk, "recovery-new");
    await press(desk, button(desk, "台帳に書いて申請する"));
    // She says that she checked it herself: no code yet.
    await desk.getByText("台帳に書きました。").waitFor();
    assert.equal(await desk.locator(".secret").count(), 0);
    await leave(desk, REFUSED);
  });

  await step("r8_11 another administrator agrees, and the code comes out", async () => {
    const other = await visit(world.exchange, { certificate });
    await signIn(other, tsubaki);
    await go(other, "再登録");
    await on(other, "再登録");
    await look(other, "recovery-approve");
    await press(other, button(other, `${sumire.name}の再登録を承認する`));
    await on(other, "再登録のコード");
    sumire.code = await other.locator(".secret").textContent();
    await look(other, "recovery-code");
    await leave(other);
  });

  await step("r8_13 what was lost opens nothing any more", async () => {
    await givePassword(page, sumire);
    await on(page, "二つ目の確認");
    assert.equal(await page.getByRole("textbox").count(), 0, "no second factor is left");
    await page.getByText("事業所の管理者に連絡してください。").waitFor();
    await look(page, "sign-in-nothing-left");
    await press(page, button(page, "やめて戻る"));
    await on(page, "サインイン");
  });

  await step("r8_13 new secrets are chosen by the person alone, and open", async () => {
    sumire.password = "白い猫がZ棟に4匹、夜じゅう歌った";
    await setUp(page, sumire);
    await signIn(page, sumire);
  });
  await leave(page, REFUSED);
});
