// Tells of what arrives while a list is open. The list itself is not changed: somebody may be at work in it.
"use strict";
{
  const box = document.querySelector("[data-news]");
  const { news: shown, newest } = box.dataset;
  const title = document.title.replace(/^\(\d+\) /, "");
  /** Milliseconds until it is tried again, from the first time to every time. */
  const [AT_FIRST, AT_LAST] = [5_000, 300_000];
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = "一覧を新しくする";
  const say = (text) => {
    box.replaceChildren(`${text} `, link);
    box.hidden = false;
  };
  let stopped = false;
  const listen = (wait) => {
    const source = new EventSource("/news");
    source.addEventListener("waiting", ({ data }) => {
      const [now, last] = data.split(" ");
      if (stopped) box.hidden = true;
      stopped = false;
      wait = AT_FIRST;
      document.title = (now === "0" ? "" : `(${now}) `) + title;
      if (last !== newest) say("新しいデータが届きました。");
      else if (now !== shown) say("一覧が変わりました。");
    });
    // A connection that breaks the browser opens again; one that was answered with anything but news it gives up.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      if (wait > AT_FIRST) {
        stopped = true;
        say("新着の知らせが止まっています。");
      }
      setTimeout(listen, wait, Math.min(wait * 2, AT_LAST));
    });
  };
  listen(AT_FIRST);
}
