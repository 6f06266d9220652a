// Enrolling this browser: a code comes in, a key is made here, a certificate is fetched, both go out as a file. At a renewal
// there is no code: whoever is signed in asks, with the present certificate.
// The private key leaves this page only in that file, which the person saves; no request carries it.

import { certificateRequest, certificates, isRoot, newKeyPair, validUntil } from "./certificates.mjs";
import { keyFile, lockFor, newPassphrase } from "./pkcs12.mjs";

const CODE_CHARACTERS = 16;
/** A name longer than this is cut; key stores show no more of it. */
const NAME_CHARACTERS_MAX = 60;
const FIRST = { enrolment: "登録コードを入れる", renewal: "更新を始める" };
const STEPS = ["", "ファイルを保存する", "端末に取り込む", "開いてみる"];
/** What belongs to each step, beside its own section. */
const PARTS = { 1: [], 2: ["passphrase-panel", "next-2"], 3: ["passphrase-panel", "import"], 4: [] };

const at = (id) => document.getElementById(id);

/** The form of a renewal, where the page is for one. */
const renewal = at("renewal-form");
STEPS[0] = renewal ? FIRST.renewal : FIRST.enrolment;
const AGAIN = renewal ? "もう一度「更新を始める」を押してください。" : "もう一度「登録する」を押してください。";

let busy = false;
/** Leaving the page now would lose the passphrase. */
let unfinished = false;

// An old browser does not come this far, and leaves it standing.
at("waiting").hidden = true;
if (globalThis.isSecureContext && globalThis.crypto?.subtle) {
  begin();
} else {
  fail({
    what: "このブラウザーでは登録できません。",
    fix: "新しい Edge・Chrome・Safari・Firefox のどれかで、https:// で始まるこのページのアドレスを開き直してください。",
  });
}

function begin() {
  at("guide").hidden = false;
  (renewal ?? at("code-form")).addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  at("saved").addEventListener("click", () => show(3));
  at("imported").addEventListener("click", () => show(4));
  at("back-2").addEventListener("click", () => show(2));
  at("back-3").addEventListener("click", () => show(3));
  at("exchange").addEventListener("click", () => (unfinished = false));
  at("copy").hidden = !navigator.clipboard;
  at("copy").addEventListener("click", copy);
  for (const choice of document.getElementsByName("system")) {
    choice.addEventListener("change", () => showSystem(choice.value));
  }
  showSystem(guessedSystem());
  globalThis.addEventListener("beforeunload", (event) => {
    if (unfinished) event.preventDefault();
  });
}

async function submit() {
  if (busy) return;
  at("failure").hidden = true;
  const code = renewal ? undefined : plainCode(at("code").value);
  if (!renewal) {
    const wrong = faultOf(code);
    fieldError(wrong);
    if (wrong) return;
  }
  working(true);
  try {
    finish(await enrol(code));
  } catch (error) {
    fail(problemOf(error));
  } finally {
    working(false);
  }
}

/** Everything that can fail here is done before the code is used up. */
async function enrol(code) {
  say("この端末の中で鍵を作っています。");
  const passphrase = newPassphrase();
  const [pair, lock] = await Promise.all([newKeyPair(), lockFor(passphrase)]);
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const request = await certificateRequest(pair);
  say("交換所に証明書をもらっています。");
  const answer = await ask(code, request);
  const [certificate, ...chain] = certificates(answer.certificate);
  // A root in the file would make Windows ask whether to trust it for everything, which nobody here needs.
  const above = [...chain, ...certificates(answer.authority)].filter((issuer) => !isRoot(issuer));
  const name = plainName(`文箱 ${answer.office_name}`);
  const file = await keyFile(lock, { privateKey, certificate, above, name });
  return { answer, file, passphrase, until: validUntil(certificate) };
}

async function ask(code, request) {
  let response;
  try {
    response = await (renewal ? askForNext(request) : askWith(code, request));
  } catch {
    const used = renewal ? "" : "コードが使えないと出たら、運営者に新しいコードを発行してもらってください。";
    throw new Refused({
      what: "交換所につながりませんでした。",
      fix: `ネットワークを確かめて、${AGAIN}${used}`,
    });
  }
  if (response.redirected) {
    throw new Refused({
      what: "しばらく操作がなかったため、サインアウトしています。",
      fix: "このページを開き直し、もう一度サインインしてください。",
    });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer);
  return answer;
}

function askWith(code, request) {
  return fetch("/enrol", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, certificate_request: request }),
  });
}

function askForNext(request) {
  const body = new URLSearchParams({ form_token: renewal.dataset.token, certificate_request: request });
  return fetch("/renew", { method: "POST", body });
}

function finish({ answer, file, passphrase, until }) {
  const number = answer.office_number.replace(/[^0-9A-Za-z]/g, "");
  const fileName = `fumibako-${number}.p12`;
  const exchange = new URL(answer.exchange_url);
  at("office").textContent = `${answer.office_name}（${answer.office_number}）`;
  at("until").textContent = until.toLocaleDateString("ja-JP", { year: "numeric", month: "long", day: "numeric" });
  at("download").download = fileName;
  at("download").href = URL.createObjectURL(new Blob([file], { type: "application/x-pkcs12" }));
  at("file-name").textContent = fileName;
  at("passphrase").textContent = passphrase;
  at("exchange-address").textContent = exchange.href;
  if (exchange.protocol === "https:") at("exchange").href = exchange.href;
  if (renewal) at("until-again").textContent = at("until").textContent;
  else at("code").value = "";
  unfinished = true;
  show(2);
}

/** One step at a time; its title takes the focus, so that it is read out and Tab goes on from there. */
function show(step) {
  const parts = new Set([`step-${step}`, ...PARTS[step]]);
  for (const id of ["step-1", "step-2", "step-3", "step-4", "passphrase-panel", "next-2", "import"]) {
    at(id).hidden = !parts.has(id);
  }
  document.querySelectorAll(".steps li").forEach((item, index) => {
    item.classList.toggle("done", index + 1 < step);
    if (index + 1 === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  // The windows have to be closed now, and the file is in place.
  if (renewal && step === 4) unfinished = false;
  document.title = `${step}/${STEPS.length} ${STEPS[step - 1]} — 文箱`;
  at("failure").hidden = true;
  at(`title-${step}`).focus({ preventScroll: true });
  globalThis.scrollTo({ top: 0 });
}

function showSystem(system) {
  for (const choice of document.getElementsByName("system")) {
    choice.checked = choice.value === system;
    at(`for-${choice.value}`).hidden = !choice.checked;
  }
}

function guessedSystem() {
  if (/Firefox\//.test(navigator.userAgent)) return "firefox";
  return /Mac OS X/.test(navigator.userAgent) ? "mac" : "windows";
}

/** As people type it: full width, lower case, any kind of dash or space between. */
function plainCode(typed) {
  return typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s\p{Pd}−ー]/gu, "");
}

function faultOf(code) {
  if (code === "") return "登録コードを入れてください。";
  if (!/^[0-9A-Z]*$/.test(code))
    return "登録コードは英字と数字だけです。日本語の文字や記号が混じっていないか確かめてください。";
  if (code.length !== CODE_CHARACTERS)
    return `登録コードは${CODE_CHARACTERS}文字です。いま${code.length}文字あります。`;
  return "";
}

/** Without what a key store cannot show. */
function plainName(name) {
  return [...name.replace(/\p{C}/gu, "")].slice(0, NAME_CHARACTERS_MAX).join("");
}

async function copy() {
  try {
    await navigator.clipboard.writeText(at("passphrase").textContent);
    at("copied").textContent = "写し取りました。";
  } catch {
    at("copied").textContent = "写し取れませんでした。見て入れてください。";
  }
}

function fieldError(text) {
  at("code-error").textContent = text;
  at("code-error").hidden = text === "";
  at("code-field").classList.toggle("faulty", text !== "");
  at("code").setAttribute("aria-invalid", String(text !== ""));
  if (text) at("code").focus();
}

function working(on) {
  busy = on;
  at("submit").setAttribute("aria-disabled", String(on));
  if (!on) say("");
}

function say(text) {
  at("status").textContent = text;
}

/** What the exchange answered when it said no. */
class Refused extends Error {
  constructor(problem) {
    super("refused");
    this.problem = problem;
  }
}

function problemOf(error) {
  const { what, fix, incident } = error instanceof Refused ? error.problem : {};
  return {
    what: what ?? (renewal ? "更新できませんでした。" : "登録できませんでした。"),
    fix:
      (fix ?? `${AGAIN}続くときは運営者に連絡してください。`) +
      (incident ? `（番号 ${incident}）` : ""),
  };
}

function fail({ what, fix }) {
  at("failure-what").textContent = what;
  at("failure-fix").textContent = fix;
  at("failure").hidden = false;
  at("failure").focus();
}
