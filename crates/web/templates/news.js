// Tells of what arrives while a list is open. The list itself is not changed: somebody may be at work in it.
"use strict";
{
  const box = document.querySelector("[data-news]");
  const { news: shown, newest } = box.dataset;
  const title = document.title.replace(/^\(\d+\) /, "");
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = "一覧を新しくする";
  const say = (text) => {
    box.replaceChildren(`${text} `, link);
    box.hidden = false;
  };
  const source = new EventSource("/news");
  source.addEventListener("waiting", ({ data }) => {
    const [now, last] = data.split(" ");
    document.title = (now === "0" ? "" : `(${now}) `) + title;
    if (last !== newest) say("新しいデータが届きました。");
    else if (now !== shown) say("一覧が変わりました。");
  });
}
