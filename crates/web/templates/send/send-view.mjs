// What the page 送る shows. Words alone: every text is put in as text.

/** An element with what stands in it. */
export function el(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.flat().filter((one) => one !== undefined && one !== null && one !== false));
  return element;
}

export const monthOf = (month) => (month ? `${month.slice(0, 4)}年${Number(month.slice(4))}月分` : "—");

const section = (id, title, ...inside) =>
  el("section", { "aria-labelledby": id }, el("h2", { id, tabIndex: -1 }, title), ...inside);

/** Where a set goes, in words. */
export const receiverOf = (set, names) => `${names.get(set.receiver) ?? "登録のない事業所"}（${set.receiver}）`;

/** What was found in a set: said once for all its places, the first of them shown as they stand in the sheet. */
function remarks(set) {
  const shown = set.remarks.map((remark) =>
    el("div", { className: remark.error ? "remark wrong" : "remark" },
      el("p", { className: "where" },
        el("span", { className: "tag" }, remark.error ? "直す" : "注意"), ` ${remark.sheet} `,
        el("span", { className: "quiet small" }, remark.file)),
      el("p", {}, `${remark.what} `, el("strong", {}, remark.fix), " ", el("span", { className: "quiet small" }, remark.code)),
      remark.places.map((place) => [
        place.row !== null && el("p", { className: "row" }, `${place.row}行目`),
        place.cells.length > 0 && sheet(remark, place),
      ]).flat(),
      remark.more > 0 && el("p", { className: "quiet" }, `同じ指摘が、ほかに${remark.more}か所あります。`)));
  if (set.more > 0) {
    shown.push(el("p", { className: "quiet" }, `ほかに${set.more}種類の指摘があります。上のものを直すと、あわせてなくなることがあります。`));
  }
  return shown;
}

function sheet(remark, place) {
  const heads = place.cells.map((cell) => el("th", { scope: "col" }, `${cell.column} ${cell.name}`));
  const cells = place.cells.map((cell) =>
    cell.here ? el("td", { className: "here" }, el("mark", {}, cell.text || "（空）")) : el("td", {}, cell.text));
  return el("div", { className: "wide", role: "group", tabIndex: 0, "aria-label": `${remark.sheet}の${place.row}行目` },
    el("table", { className: "sheet" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, el("tr", {}, cells))));
}

const heading = (set, names) =>
  el("h3", {}, `${receiverOf(set, names)}へ: ${set.label} `, el("span", { className: "quiet small" }, `連番 ${set.serial}`));

/** Sets that cannot go as they are. `accept` takes what was proposed for one. */
export function faulty(sets, names, accept) {
  if (sets.length === 0) return null;
  return section("faulty", `直さないと送れないもの（${sets.length}件）`,
    el("p", { className: "lead" }, "ケアソフトで直して書き出し直すと送れます。ほかの組は、このまま送れます。"),
    sets.map((set) => el("div", { className: "finding" }, heading(set, names), remarks(set), set.mending && proposal(set, accept))));
}

function proposal(set, accept) {
  const { changes } = set.mending;
  const rows = changes.map((change) =>
    el("tr", {},
      el("td", { "data-label": "場所" }, `${change.sheet}${change.row === null ? "" : ` ${change.row}行目`} ${change.item}`),
      el("td", { "data-label": "もと" }, el("del", {}, change.before)),
      el("td", { "data-label": "直したあと" }, el("ins", {}, change.after)),
      el("td", { "data-label": "すること" }, change.done)));
  const heads = ["場所", "もと", "直したあと", "すること"].map((head) => el("th", { scope: "col" }, head));
  return el("details", {},
    el("summary", {}, `直しの提案を見る（${changes.length}か所）`),
    el("div", { className: "changes", role: "group", tabIndex: 0, "aria-label": "直すところの一覧" },
      el("table", { className: "fold" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows))),
    el("div", { className: "acts" },
      el("button", { type: "button", className: "second", onclick: () => accept(set) }, "上のとおりに直して使う")));
}

/** Sets that may be on their way to the wrong office. `ask` takes a set and a reason. */
export function unserved(sets, names, ask) {
  if (sets.length === 0) return null;
  return section("unserved", `誤送信かもしれないので止めているもの（${sets.length}件）`,
    el("p", { className: "lead" },
      "送信先のサービスを使わない利用者が入っています。相手の選び違いなら、書き出し直してください。送る必要があるときは、理由を書いてください。もう一人の職員が確かめると送られます。"),
    sets.map((set) => {
      const id = `reason-${set.serial}-${set.receiver}`;
      const reason = el("textarea", { id, maxLength: 500, required: true });
      const says = el("p", { role: "status" });
      const button = el("button", { type: "submit", className: "second" }, "もう一人に確認を頼む");
      const form = el("form", {
        onsubmit: async (event) => {
          event.preventDefault();
          button.disabled = true;
          says.textContent = await ask(set, reason.value).then(
            () => { form.hidden = true; return "もう一人の職員の確認を待っています。確認されるまで送られません。"; },
            (problem) => { button.disabled = false; return problem.message; });
        },
      }, el("div", { className: "field" }, el("label", { htmlFor: id }, "送る理由"), reason), el("div", { className: "acts" }, button));
      return el("div", { className: "finding" }, heading(set, names), remarks(set), form, says);
    }));
}

/** Files that are no part of any set. */
export function strays(files) {
  if (files.length === 0) return null;
  const one = ({ file, what, fix }) => el("li", {}, el("span", { className: "file" }, file), `: ${what}${fix}`);
  return section("strays", `送らないファイル（${files.length}）`,
    el("details", {}, el("summary", {}, "一覧を見る"), el("ul", {}, files.map(one))));
}

/** What goes to whom, and the one confirmation. `send` is called when it is given. */
export function ready(partners, send) {
  const sets = partners.reduce((sum, partner) => sum + partner.sets.length, 0);
  const title = `送るもの（${partners.length}事業所、${sets}件）`;
  if (sets === 0) return section("ready", title, el("p", { className: "empty" }, "このまま送れるものはありません。"));
  const button = el("button", { type: "submit", id: "confirm" }, `${partners.length}事業所に${sets}件をまとめて送る`);
  const form = el("form", {
    id: "confirm-form",
    onsubmit: (event) => {
      event.preventDefault();
      button.disabled = true;
      form.querySelectorAll("input, textarea").forEach((field) => { field.disabled = true; });
      send();
    },
  }, partners.map(partner), el("div", { className: "acts" }, button));
  return section("ready", title, form);
}

function partner(one) {
  const { number, name, cautions } = one;
  one.progress = el("progress", { max: one.sets.length, value: 0, hidden: true, "aria-label": `${name}への送信` });
  one.says = el("span", { className: "quiet" });
  const kinds = [...new Set(one.sets.map((set) => set.label))].join("、");
  const people = one.sets.reduce((sum, set) => sum + set.people, 0);
  return el("div", { className: "partner" },
    el("h3", {}, `${name} `, el("span", { className: "number" }, number)),
    cautions.length > 0 && el("div", { className: "care" }, cautions.map((caution) => el("p", {}, caution)),
      el("div", { className: "choice" },
        el("input", { type: "checkbox", id: `ack-${number}`, required: true }),
        el("label", { htmlFor: `ack-${number}` }, `${name}に送ってよいことを確かめました`))),
    el("p", {}, `${kinds}: ${one.sets.length}件、のべ${people}人 `, one.progress, " ", one.says),
    el("details", {}, el("summary", {}, "内訳を見る・PDFやメッセージを添える"), el("ul", { className: "sets" }, one.sets.map(setLine))));
}

function setLine(set) {
  const at = `${set.serial}-${set.receiver}`;
  set.pdf = el("input", { type: "file", id: `pdf-${at}`, accept: "application/pdf,.pdf", multiple: true });
  set.message = el("textarea", { id: `message-${at}`, maxLength: 1000 });
  return el("li", {},
    `${set.label}、${monthOf(set.month)}、${set.people}人 `,
    el("span", { className: "quiet small" }, `連番 ${set.serial}・${set.files.length}ファイル`),
    set.remarks.length > 0 && el("details", {}, el("summary", {}, `注意 ${set.remarks.length}件（送れます）`), remarks(set)),
    el("div", { className: "field" }, el("label", { htmlFor: `pdf-${at}` }, "PDF（4つまで、一つ4MBまで）"), set.pdf),
    el("div", { className: "field" }, el("label", { htmlFor: `message-${at}` }, "メッセージ（1,000文字まで）"), set.message));
}

/** What came of everything, to be printed. */
export function result(partners) {
  const sets = partners.flatMap((partner) => partner.sets.map((set) => ({ partner, set })));
  const sent = sets.filter(({ set }) => set.id).length;
  const rows = sets.map(({ partner, set }) =>
    el("tr", {},
      el("td", { "data-label": "送信先" }, `${partner.name}（${partner.number}）`),
      el("td", { "data-label": "種類" }, set.label),
      el("td", { "data-label": "人数", className: "count" }, `${set.people}人`),
      el("td", { "data-label": "連番", className: "at" }, set.serial),
      el("td", { "data-label": "結果" },
        el("span", { className: set.id ? "state good" : "state late" }, set.id ? "送信" : "未送信"), ` ${set.says}`),
      el("td", { "data-label": "記録" }, set.id
        ? el("a", { href: `/sets/${set.id}/receipt`, "aria-label": `${partner.name}への連番${set.serial}の送達の記録` }, "送達の記録")
        : "—")));
  const heads = ["送信先", "種類", "人数", "連番", "結果", "記録"].map((head) => el("th", { scope: "col" }, head));
  const title = sets.length > sent ? `送れたもの ${sent}件、送れなかったもの ${sets.length - sent}件` : `${sent}件を送りました`;
  return section("result", title,
    el("table", { className: "fold" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)),
    el("p", { className: "acts" },
      el("button", { type: "button", onclick: () => window.print() }, "結果を印刷する"),
      el("a", { className: "button second", href: "/send" }, "続けて送る")));
}

/** Something stopped the sending; `again` goes on with what is left. */
export function stopped(text, signIn, again) {
  return el("div", { className: "care", id: "stopped" },
    el("p", {}, text),
    signIn && el("p", {}, el("a", { href: "/sign-in?back=/send", target: "_blank", rel: "noopener" }, "別のタブでサインインする")),
    el("div", { className: "acts" }, el("button", { type: "button", onclick: again }, "続きを送る")));
}
