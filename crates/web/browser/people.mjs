// People who have accounts: invited at the terminal, set up and signed in through the pages, by keyboard alone.

import * as lib from "./lib.mjs";

const { look, press, totp, type, world } = lib;

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const link = (page, name) => page.getByRole("link", { name, exact: true });
export const field = (page, name) => page.getByLabel(name, { exact: true });
/** Waits for the page with this title. */
export const on = (page, title) => page.getByRole("heading", { name: title, level: 1, exact: true }).waitFor();

/** Goes by the menu, opening its folded part where the entry lies there. */
export async function go(page, name) {
  const menu = page.getByRole("navigation", { name: "メニュー" });
  await menu.waitFor();
  const entry = menu.getByRole("link", { name, exact: true });
  const fold = page.locator("nav details > summary");
  if (!(await entry.isVisible())) await press(page, fold);
  await press(page, entry);
}

/** An administrator of an office, invited at the terminal by two of the operator's people. */
export function administrator(number, login, [name, kana, born], password) {
  const person = ["--login", login, "--name", name, "--kana", kana, "--person-key", `${kana} ${born}`];
  const code = lib.told(lib.fumibako("account", "invite-office", number, ...person, ...lib.OPERATORS), "招待コード");
  return { login, name, code, password };
}

/** Somebody of the operator's, invited at the terminal in a role. */
export function invited(role, login, [name, kana], password) {
  const person = ["--login", login, "--name", name, "--kana", kana, "--person-key", `${kana} ${login}`];
  const words = ["account", "invite-operator", "--role", role, ...person, ...lib.OPERATORS];
  return { login, name, password, code: lib.told(lib.fumibako(...words), "招待コード") };
}

/**
 * An authenticator app. Digits are taken once, so the second ones of half a minute are those of the next; those after
 * them have to be waited for.
 */
export function app(secret) {
  let last = 0;
  return async () => {
    const now = () => Math.floor(Date.now() / 30_000);
    while (last > now()) await new Promise((resolve) => setTimeout(resolve, 250));
    last = Math.max(now(), last + 1);
    return totp(secret, last * 30_000);
  };
}

/** From the door to the second factor: the code, and a password of one's own. */
async function choosesPassword(page, person, seen = () => {}) {
  await press(page, link(page, "コードを入力する"));
  await on(page, "コードを入力する");
  await seen("2-code");
  await type(page, field(page, "ログインID"), person.login);
  await type(page, field(page, "受け取ったコード"), person.code);
  await page.keyboard.press("Enter");

  await on(page, "パスワードを決める");
  await seen("3-password");
  await type(page, field(page, "新しいパスワード"), person.password);
  await type(page, field(page, "新しいパスワード（もう一度）"), person.password);
  await page.keyboard.press("Enter");
  await on(page, "二つ目の手段を決める");
}

/** From the second factor to the door; returns the spare codes. */
async function keepsCodes(page, seen = () => {}) {
  await on(page, "予備コードを控える");
  await press(page, button(page, "予備コードを表示する"));
  await page.locator(".codes").waitFor();
  const paper = await page.locator(".codes li").allTextContents();
  await seen("5-codes");
  await press(page, button(page, "控えたので、設定を終える"));
  await on(page, "サインイン");
  return paper;
}

/** From a code to an account of one's own. `pictures` says under which name. */
export async function setUp(page, person, pictures) {
  const seen = (name) => (pictures ? look(page, `${pictures}-${name}`) : undefined);
  await page.goto(`${world.exchange}/`);
  await on(page, "サインイン");
  await seen("1-door");
  await choosesPassword(page, person, seen);
  await press(page, page.getByText("図を読み取れないとき"));
  person.app = app(await page.locator(".secret").textContent());
  await seen("4-factor");
  await type(page, field(page, "アプリに出た6桁の数字"), await person.app());
  await page.keyboard.press("Enter");
  person.paper = await keepsCodes(page, seen);
  await page.getByText("設定が終わりました。").waitFor();
}

/** From a code to being signed in, with a passkey: some roles are only for who has one (R8.4). */
export async function comesInByPasskey(page, person, title) {
  await lib.virtualAuthenticator(page);
  await choosesPassword(page, person);
  await press(page, button(page, "パスキーを登録する"));
  await keepsCodes(page);
  await givePassword(page, person);
  await on(page, "二つ目の確認");
  await press(page, button(page, "パスキーで確かめる"));
  await on(page, title);
}

/** The same with an authenticator app. */
export async function comesInByApp(page, person, title) {
  await setUp(page, person);
  await signIn(page, person, title);
}

export async function givePassword(page, { login, password }) {
  await page.goto(`${world.exchange}/`);
  await type(page, field(page, "ログインID"), login);
  await type(page, field(page, "パスワード"), password);
  await page.keyboard.press("Enter");
}

export async function signIn(page, person, title = "届いたもの") {
  await givePassword(page, person);
  await on(page, "二つ目の確認");
  await type(page, field(page, "認証アプリの6桁の数字"), await person.app());
  await page.keyboard.press("Enter");
  await on(page, title);
}

export async function signOut(page) {
  await press(page, button(page, "サインアウト"));
  await on(page, "サインイン");
}
