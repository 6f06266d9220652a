// Every page of those who look after devices and people, as they see it: pictures, and what axe finds. And the certificate of
// the browser at which one sits, renewed in it (R7.5).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, button, comesInByPasskey, field, givePassword, invited, link, on, setUp, signIn } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when it said no: 4xx, which the browser notes in its console. */
const REFUSED = /status of 4\d\d/;
const title = (page, name) => page.getByRole("heading", { name, level: 2, exact: true });

/** Goes where a link would lead, and takes pictures. */
async function see(page, path, name, heading) {
  await page.goto(`${world.exchange}${path}`);
  await on(page, heading);
  await look(page, name);
}

journey("r7_5 an administrator sees every page, and renews the certificate of the browser", async (step) => {
  const number = lib.newOffice();
  const certificate = lib.enrolledDevice(number);
  const kaede = administrator(
    number,
    `kaede-${number}`,
    ["架空 かえで", "かくうかえで", "1971-11-03"],
    "川べりのT字路で、猫が6匹ねむっている",
  );
  const page = await visit(world.exchange, { certificate });
  let file;

  await step("somebody signs in", async () => {
    await setUp(page, kaede);
    await signIn(page, kaede);
  });

  await step("r12 the pages about people", async () => {
    await see(page, "/staff", "staff", "職員");
    await see(page, "/grants/new", "grants-new", "役割を申請する");
    await see(page, "/stock-taking", "stock-taking", "棚卸");
    const list = field(page, "いまの職員（1行に一人、かなと生年月日）");
    await type(page, list, "カクウ カエデ　１９７１／１１／３\nかくうだれか 1990-01-01");
    await press(page, button(page, "違いを見る"));
    await on(page, "名簿と照らし合わせる");
    await page.getByText("まだアカウントのない方が1人います").waitFor();
    await look(page, "stock-taking-compare");
    await press(page, button(page, "照らし合わせたことを記録する"));
    await page.getByText("名簿と照らし合わせました。").waitFor();
    administrator(number, `tsubaki-${number}`, ["架空 つばき", "かくうつばき", "1969-02-14"], "");
    await page.goto(`${world.exchange}/staff`);
    await press(page, link(page, "架空 つばきの氏名を直す"));
    await on(page, "氏名を直す");
    await look(page, "staff-name");
    await page.goto(`${world.exchange}/staff`);
    await press(page, link(page, "架空 つばきの利用を終える"));
    await on(page, "利用を終える");
    await look(page, "staff-close");
  });

  await step("r7_3 the pages about devices and programs", async () => {
    await see(page, "/devices", "devices", "端末");
    await press(page, page.getByRole("link", { name: /を使えなくする$/ }).first());
    await page.getByText("いま使っている端末です。").waitFor();
    await look(page, "devices-revoke");
    await see(page, "/software", "software", "ソフトウェア");
    await press(page, link(page, "接続キーを作る"));
    await on(page, "接続キーを作る");
    await look(page, "software-new");
    await type(page, field(page, "名前"), "架空ケア");
    await press(page, page.getByRole("checkbox").first(), "Space");
    await field(page, "使う端末").selectOption({ index: 1 });
    await press(page, button(page, "接続キーを作る"));
    await page.locator(".secret").waitFor();
    await look(page, "software-key");
  });

  await step("r8 the pages about oneself", async () => {
    await see(page, "/account/password", "account-password", "パスワードを変える");
    await type(page, field(page, "いまのパスワード"), kaede.password);
    await type(page, field(page, "新しいパスワード"), `kaigo${number}`);
    await type(page, field(page, "新しいパスワード（もう一度）"), `kaigo${number}`);
    await page.keyboard.press("Enter");
    await page.getByText("次のところを直してください").waitFor();
    await look(page, "account-password-weak");
    await see(page, "/account/totp", "account-totp", "認証アプリを追加する");
    await page.goto(`${world.exchange}/account`);
    await press(page, button(page, "予備コードを作り直す"));
    await page.locator(".codes").waitFor();
    await look(page, "account-codes");
  });

  await step("the certificate is renewed: a new key, made here", async () => {
    await page.goto(`${world.exchange}/account`);
    await press(page, link(page, "証明書を更新する"));
    await on(page, "この端末の証明書を更新する");
    await look(page, "renew-1-begin");
    await press(page, button(page, "更新を始める"));
    await title(page, "ファイルを保存する").waitFor();
    await look(page, "renew-2-file");
    const saved = page.waitForEvent("download");
    await press(page, link(page, "ファイルを保存する"));
    const path = join(lib.freshFolder(), "file.p12");
    await (await saved).saveAs(path);
    file = { pfx: readFileSync(path), passphrase: await page.locator("#passphrase").textContent() };
    await press(page, button(page, "保存した。次へ"));
    await title(page, "端末に取り込む").waitFor();
    await press(page, button(page, "取り込んだ。次へ"));
    await title(page, "開いてみる").waitFor();
    await look(page, "renew-4-open");
  });

  await step("with the new one the exchange opens, and the old one is over", async () => {
    const front = await visit(world.exchange, { certificate: file });
    await on(front, "サインイン");
    await givePassword(front, kaede);
    await on(front, "二つ目の確認");
    await leave(front);
    // The session went with the old certificate, and so does every request with it.
    const answer = await page.request.get(`${world.exchange}/account`, { maxRedirects: 0 }).catch(() => undefined);
    assert.ok(answer === undefined || answer.status() === 403, `${answer?.status()}`);
    await leave(page, REFUSED, /net::ERR_/);
  });
});

journey("r8_4 the operator's administrator comes in by passkey and sees every page", async (step) => {
  const number = lib.newOffice("架空もみじ居宅介護支援事業所");
  const momiji = invited("operator-administrator", `momiji-${number}`, ["架空 もみじ", "かくうもみじ"], "坂のうえのV字の雲が、4つに割れていた");
  const certificate = lib.enrolledDevice("--operator");
  const page = await visit(world.exchange, { certificate });

  await step("a passkey is the second factor from the beginning", async () => {
    await comesInByPasskey(page, momiji, "承認待ち");
  });

  await step("every page of the operator", async () => {
    await look(page, "operator-approvals");
    await page.getByText("この交換所のサーバー証明書は、").waitFor();
    await see(page, "/operator/offices", "operator-offices", "事業所台帳");
    await see(page, "/operator/offices/new", "operator-office-new", "事業所を登録する");
    await see(page, `/operator/offices/${number}/close`, "operator-office-close", "事業所を閉じる");
    await see(page, "/operator/staff", "operator-staff", "運営の職員");
    await see(page, "/operator/staff/new", "operator-staff-new", "職員を招待する");
    invited("operator-administrator", `yanagi-${number}`, ["架空 やなぎ", "かくうやなぎ"]);
    await page.goto(`${world.exchange}/operator/staff`);
    await press(page, link(page, "架空 やなぎの氏名を直す"));
    await on(page, "氏名を直す");
    await look(page, "operator-staff-name");
    await page.goto(`${world.exchange}/operator/staff`);
    await press(page, link(page, "架空 やなぎの利用を終える"));
    await on(page, "利用を終える");
    await look(page, "operator-staff-close");
    await page.goto(`${world.exchange}/operator/staff`);
    await press(page, button(page, "架空 やなぎのコードを作り直す"));
    await on(page, "招待のコード");
    await look(page, "operator-staff-code");
    await see(page, "/operator/tls12", "operator-tls12", "TLS 1.2 の例外");
    await see(page, "/recovery", "operator-recovery", "再登録");
  });

  await step("r7_2 a device is asked for, and another person has to agree", async () => {
    await see(page, "/operator/enrolments/new", "operator-enrolment-new", "端末の登録を申請する");
    await type(page, field(page, "事業所番号"), number);
    await type(page, field(page, "端末の名前"), "受付のPC");
    await type(page, page.getByLabel(/確かめた/), "代表電話への折り返し");
    await press(page, button(page, "申請する"));
    await on(page, "承認待ち");
    await page.getByText("あなたの申請です").waitFor();
    await look(page, "operator-approvals-waiting");
  });

  await step("r7_2 who agrees is shown the code, once", async () => {
    const katsura = invited("operator-administrator", `katsura-${number}`, ["架空 かつら", "かくうかつら"], "川べりのN番目の石に、2羽のさぎがいる");
    const other = await visit(world.exchange, { certificate });
    await comesInByPasskey(other, katsura, "承認待ち");
    await press(other, button(other, "架空もみじ居宅介護支援事業所の受付のPCを承認する"));
    await on(other, "登録コード");
    assert.match(await other.locator(".secret").textContent(), /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
    await look(other, "operator-enrolment-code");
    await other.reload();
    await other.getByText("登録コードは一度だけ表示します。").waitFor();
    assert.equal(await other.locator(".secret").count(), 0);
    await look(other, "operator-enrolment-code-gone");
    await leave(other, REFUSED);
  });
  await leave(page, REFUSED);
});
