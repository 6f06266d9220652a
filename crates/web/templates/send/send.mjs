// 送る: files are brought, looked over in the browser, confirmed once, and sent in batches. They stay in this page until the
// exchange has said what came of each set; sending the same again is told so and never doubled.

import { faulty, ready, result, stopped, strays, unserved } from "/send-view.mjs";

/** Bounds of one call; the server has its own, which are wider. */
const SETS_AT_ONCE = 20;
const BYTES_AT_ONCE = 8 << 20;
/** Calls under way at a time. */
const CALLS_AT_ONCE = 2;
/** Bounds of what a page takes. */
const FILES_MAX = 20_000;
const BYTES_MAX = 1 << 30;
/** Sets for which a mending is worked out. */
const MENDINGS_MAX = 20;
/** How often a call is tried that did not get through, and how long it waits between. */
const TRIES = 3;
const WAIT_MS = 1_500;
/** What systems leave in folders. */
const NOT_MEANT = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;

const at = (id) => document.getElementById(id);
const [work, status, drop] = [at("send-work"), at("send-status"), at("drop")];
const say = (text) => { status.textContent = text; };

/** What is thrown with words of ours. Whatever else is thrown speaks the browser's language, and is never shown. */
class Said extends Error {}
const said = (problem, otherwise) => (problem instanceof Said ? problem : new Said(otherwise));

const UNCHECKED = "検査できませんでした。ページを開き直して、もう一度選んでください。";
const CHANGED = "ファイルが変わりました。選び直してください。";
const UNSENT = "送った結果を確かめられませんでした。続きを送ってください。送ったものが二重になることはありません。";
const NOT_ASKED = "確認を頼めませんでした。少し待って、もう一度頼んでください。";
const OTHER_PERSON = "別の人がサインインしています。その人の名前では送りません。まだ送っていない組は送られていません。" +
  "自分でサインインし直して続けるか、画面を開き直して、もう一度選んでください。";

let token = work.dataset.token;
let sending = false;
/** Counts what is looked over: only the last of them is shown. */
let looks = 0;

const worker = new Worker("/send-worker.mjs", { type: "module" });
const waiting = new Map();
let questions = 0;
let failed = false;

worker.onmessage = ({ data }) => {
  if ("ready" in data) {
    // Without the module the form stays as it is, and the server looks the files over.
    if (data.ready) offer();
    return;
  }
  const asked = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.failed) asked?.reject(new Said(UNCHECKED));
  else asked?.resolve(data.answer);
};

// A worker that fails answers nobody any more.
worker.onerror = worker.onmessageerror = () => {
  failed = true;
  for (const { reject } of waiting.values()) reject(new Said(UNCHECKED));
  waiting.clear();
};

async function ask(deed, asked) {
  const bytes = async ({ name, blob }) => ({ name, buffer: await blob.arrayBuffer() });
  const read = await Promise.all(asked.map(bytes)).catch(() => { throw new Said(CHANGED); });
  if (failed) throw new Said(UNCHECKED);
  const id = ++questions;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, deed, files: read }, read.map(({ buffer }) => buffer));
  });
}

function offer() {
  for (const id of ["drop-says", "folder-field"]) at(id).hidden = false;
  at("plain-acts").hidden = true;
  for (const id of ["files", "folder"]) {
    at(id).addEventListener("change", (event) => bring([...event.target.files]));
    // Otherwise choosing files of the same names again, written anew meanwhile, would be no change.
    at(id).addEventListener("click", (event) => { event.target.value = ""; });
  }
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    let brought;
    try {
      brought = await dropped(event.dataTransfer);
    } catch {
      say("落としたファイルやフォルダーを読めませんでした。何も送っていません。開いているファイルを閉じて、もう一度落とすか、下のボタンで選んでください。");
      return;
    }
    bring(brought);
  });
  // Beside the field a browser would open the file instead of this page. A field for files takes them by itself.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => {
    const taken = event.defaultPrevented || event.target.closest?.("input[type=file]");
    if (taken || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
  document.documentElement.dataset.send = "ready";
  // Chosen while the page was still getting ready.
  const early = [...at("files").files];
  if (early.length > 0) bring(early);
}

/** Every file of what was dropped, folders and all that is in them included. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry);
  if (entries.length === 0) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (found.length > FILES_MAX) return;
    if (entry.isFile) {
      found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
      return;
    }
    const reader = entry.createReader();
    // A folder is read a hundred entries at a time.
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

async function bring(brought) {
  const meant = brought.filter(({ name }) => !NOT_MEANT.test(name));
  if (sending || meant.length === 0) return;
  const bytes = meant.reduce((sum, { size }) => sum + size, 0);
  if (meant.length > FILES_MAX || bytes > BYTES_MAX) {
    say("一度に扱える数や大きさを超えています。何回かに分けて選んでください。");
    return;
  }
  await look(meant.map((blob) => ({ name: blob.name, blob })));
}

/** Looks over files and shows what is said of them, unless others have come meanwhile or something is being sent. */
async function look(files, before = []) {
  const number = ++looks;
  const overtaken = () => number !== looks;
  const byName = Map.groupBy(files, ({ name }) => name);
  say(`${files.length}ファイルを検査しています…`);
  step(1);
  try {
    const survey = await ask("look", files);
    if (overtaken()) return;
    for (const set of survey.sets) set.blobs = [...new Set(set.files)].flatMap((name) => byName.get(name) ?? []);
    const broken = survey.sets.filter((set) => set.state === "faulty");
    for (const set of broken.slice(0, MENDINGS_MAX)) {
      const mending = await ask("mend", set.blobs);
      if (overtaken()) return;
      if (mending.changes.length > 0) set.mending = mending;
    }
    const held = survey.sets.filter((set) => set.state === "unserved");
    const partners = await partnersOf(survey.sets.filter((set) => set.state === "ready"));
    const others = await known([...broken, ...held]);
    if (overtaken()) return;
    // What has gone by now is not looked over again.
    const left = () => files.filter(({ name }) => !survey.sets.some((set) => set.id && set.files.includes(name)));
    work.replaceChildren(...[
      faulty(broken, others, (set) => mended(set, left(), partners)),
      unserved(held, others, hold),
      strays(survey.strays),
      ready(partners, () => go(partners)),
    ].filter((part) => part));
    const sets = partners.flatMap((partner) => partner.sets);
    // What was to go with a set goes with it still.
    for (const { serial, receiver, pdf, message } of before) {
      const same = sets.find((set) => set.serial === serial && set.receiver === receiver);
      if (!same) continue;
      same.pdf.files = pdf.files;
      same.message.value = message.value;
      same.message.closest("details").open ||= pdf.files.length > 0 || message.value !== "";
    }
    say(`${files.length}ファイルを検査しました。${broken.length + held.length > 0 ? "このままでは送れないものがあります。" : ""}`);
    work.querySelector("h2").focus();
  } catch (problem) {
    if (!overtaken()) say(said(problem, UNCHECKED).message);
  }
}

/** The name of each office, and what to know before sending to it. */
async function askPartners(counts) {
  if (counts.size === 0) return [];
  const form = new URLSearchParams({ partners: [...counts].map(([number, sets]) => `${number}:${sets}`).join(",") });
  return (await call("/send/partners", form)).json();
}

async function known(sets) {
  const counts = new Map(sets.map((set) => [set.receiver, 0]));
  return new Map((await askPartners(counts)).map(({ number, name }) => [number, name ?? "登録のない事業所"]));
}

async function partnersOf(sets) {
  const bySet = Map.groupBy(sets, (set) => set.receiver);
  const told = await askPartners(new Map([...bySet].map(([number, sets]) => [number, sets.length])));
  return told.map(({ number, name, cautions }) =>
    ({ number, name: name ?? "登録のない事業所", cautions, sets: bySet.get(number) }));
}

async function mended(set, files, partners) {
  if (sending) return;
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const put = set.mending.files.map(({ name, base64 }) => ({ name, blob: new Blob([bytesOf(base64)]) }));
  const before = partners.flatMap(({ sets }) => sets);
  await look([...files.filter(({ name }) => !set.files.includes(name)), ...put], before);
}

async function hold(set, reason) {
  const form = new FormData();
  form.append("reason", reason);
  for (const { name, blob } of set.blobs) form.append("file", blob, name);
  await call("/send/hold", form).catch((problem) => { throw said(problem, NOT_ASKED); });
}

/** One call. Whoever had to sign in anew goes on with a token of the new session; what did not get through is tried again. */
async function call(path, form, tries = TRIES) {
  form.set("form_token", token);
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: form, redirect: "manual", headers: { accept: "application/json" } });
  } catch {
    if (!(await readable(form))) throw Object.assign(new Said(CHANGED), { refused: true });
    return again(path, form, tries, new Said("交換所につながりません。つながったら、続きを送ってください。"));
  }
  if (answer.ok) return answer;
  const redirected = answer.type === "opaqueredirect";
  const told = redirected ? {} : await answer.json().catch(() => ({}));
  // To the door, or with the token of a session that is over (H14). Another no has its own words.
  if (redirected || told.code === "H14") {
    if (tries > 0 && (await renewed())) return call(path, form, 0);
    const problem = new Said("サインインの時間が終わりました。選んだファイルはこの画面に残っています。サインインし直してから、続きを送ってください。");
    throw Object.assign(problem, { signIn: true });
  }
  if (answer.status >= 500) return again(path, form, tries, new Said("交換所がいま受け付けられません。少し待って、続きを送ってください。"));
  throw Object.assign(new Said(`${told.what ?? "送れませんでした。"}${told.fix ?? ""}`), { refused: true });
}

async function again(path, form, tries, problem) {
  if (tries <= 1) throw problem;
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  return call(path, form, tries - 1);
}

/** Whether everything in a form is still as it was chosen. The browser lets go of a file that was written anew. */
async function readable(form) {
  const blobs = [...form.values()].filter((value) => value instanceof Blob);
  return Promise.all(blobs.map((blob) => blob.slice(0, 1).arrayBuffer())).then(() => true, () => false);
}

/** Takes the token of the session that is open now, if there is one and it is of whom this page was made for. */
async function renewed() {
  const answer = await fetch("/send", { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || new URL(answer.url).pathname !== "/send") return false;
  const page = new DOMParser().parseFromString(await answer.text().catch(() => ""), "text/html");
  const found = page.getElementById("send-work")?.dataset;
  if (!found?.token || found.token === token) return false;
  // Nothing goes in the name of somebody who has not seen it.
  if (found.mark !== work.dataset.mark) throw new Said(OTHER_PERSON);
  token = found.token;
  return true;
}

/** Sends what has no answer yet. */
async function go(partners) {
  sending = true;
  // What is still being looked over must not take the place of this.
  looks += 1;
  step(2);
  at("stopped")?.remove();
  say("送っています。このページを閉じないでください。");
  for (const partner of partners) {
    partner.progress.hidden = false;
    show(partner);
  }
  const left = batches(partners);
  const lane = async () => {
    for (let batch = left.shift(); batch; batch = left.shift()) await carry(batch, partners, left);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, lane));
  sending = false;
  const failure = outcomes.find(({ status }) => status === "rejected")?.reason;
  if (failure) {
    say("");
    const { message, signIn } = said(failure, UNSENT);
    const note = stopped(message, signIn, () => go(partners));
    work.prepend(note);
    note.querySelector("button").focus();
    return;
  }
  step(3);
  at("choose").hidden = true;
  // What did not go stays to be dealt with, with the reasons that were typed.
  const rest = [...work.children].filter((part) => ["faulty", "unserved"].includes(part.getAttribute("aria-labelledby")));
  work.replaceChildren(result(partners), ...rest);
  say("送信が終わりました。");
  at("result").focus();
}

/** What has no answer yet, so many sets at a time. */
function batches(partners) {
  const made = [];
  let [batch, bytes] = [[], 0];
  for (const set of partners.flatMap(({ sets }) => sets).filter((set) => set.says === undefined)) {
    const size = set.blobs.reduce((sum, { blob }) => sum + blob.size, 0);
    if (batch.length === SETS_AT_ONCE || (batch.length > 0 && bytes + size > BYTES_AT_ONCE)) {
      made.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(set);
    bytes += size;
  }
  if (batch.length > 0) made.push(batch);
  return made;
}

async function carry(batch, partners, left) {
  const form = new FormData();
  // Whatever there was to know has been read: without it the confirmation could not be given.
  form.append("acknowledged", partners.map(({ number }) => number).join(","));
  for (const set of batch) {
    const target = `${set.serial}.${set.receiver}`;
    for (const { name, blob } of set.blobs) form.append("file", blob, name);
    for (const file of set.pdf.files) form.append(`attachment.${target}`, file, file.name);
    if (set.message.value.trim() !== "") form.append(`message.${target}`, set.message.value);
  }
  let answer;
  try {
    answer = await (await call("/send/sets", form)).json();
  } catch (problem) {
    if (!problem.refused) {
      // The others are not begun: they wait with this one.
      left.length = 0;
      throw problem;
    }
    // The call as a whole was not taken: each set alone, so that one does not keep back the others.
    if (batch.length > 1) left.unshift(...batch.map((set) => [set]));
    else batch[0].says = problem.message;
    partners.forEach(show);
    return;
  }
  for (const set of batch) {
    const told = answer.sets.find((one) => one.serial === set.serial && one.receiver === set.receiver);
    set.id = told?.transmission?.id;
    set.says = !told ? "送れませんでした。もう一度選んで送ってください。"
      : told.outcome === "accepted" ? `送りました。${told.warnings.length > 0 ? `（注意${told.warnings.length}件）` : ""}`
      : told.outcome === "already" ? "すでに送ってあります。二重には送っていません。"
      : `${told.problem.what}${told.problem.fix}`;
  }
  for (const partner of partners) if (batch.some((set) => set.receiver === partner.number)) show(partner);
}

function show({ progress, says, sets }) {
  const done = sets.filter((set) => set.says !== undefined).length;
  progress.value = done;
  says.textContent = `${done} / ${sets.length}`;
}

function step(now) {
  [...at("send-steps").children].forEach((item, index) => {
    item.className = index < now ? "done" : "";
    if (index === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

// Nobody closes the page in the middle by mistake.
addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
