// 届いた知らせのメール: asked for on one's own account, proven by a code that really goes by mail, switched off.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after } from "node:test";
import * as lib from "./lib.mjs";
import { administrator, button, field, link, on, setUp, signIn } from "./people.mjs";

const { journey, leave, look, press, type, visit, world } = lib;
/** What a page answers when a form comes back: 422, which the browser notes in its console. */
const FAULTY = /status of 422/;
const PATIENCE_MS = 30_000;

/** A mail server that keeps what it is given. */
function mailServer() {
  const mails = [];
  const server = createServer((socket) => {
    let [rest, data] = ["", undefined];
    const say = (text) => socket.write(`${text}\r\n`);
    say("220 mail.example");
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      rest += bytes.toString("latin1");
      for (let end; (end = rest.indexOf("\r\n")) >= 0; rest = rest.slice(end + 2)) {
        const line = rest.slice(0, end);
        if (data && line === ".") {
          mails.push(data.join("\r\n"));
          data = undefined;
          say("250 kept");
        } else if (data) data.push(line);
        else if (line === "DATA") {
          data = [];
          say("354 go on");
        } else say(line === "QUIT" ? "221 bye" : "250 yes");
      }
    });
  });
  server.listen(Number(readFileSync(join(world.folder, "mail-port"), "utf8")), "127.0.0.1");
  after(() => server.close());
  return async (address) => {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await new Promise((next) => setTimeout(next, 100))) {
      const mail = mails.find((mail) => mail.includes(`To: ${address}`));
      if (mail) return words(mail);
    }
    return assert.fail("no mail came");
  };
}

function words(mail) {
  const [head, body] = [mail.slice(0, mail.indexOf("\r\n\r\n")), mail.slice(mail.indexOf("\r\n\r\n") + 4)];
  if (head.includes("base64")) return Buffer.from(body, "base64").toString("utf8");
  const joined = body.replaceAll("=\r\n", "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(joined, "latin1").toString("utf8");
}

journey("a clerk asks to be mailed when something waits, proves the address, and ends it", async (step) => {
  const mailed = mailServer();
  const number = lib.newOffice("架空すいれん居宅介護支援事業所");
  const certificate = lib.enrolledDevice(number);
  const who = administrator(number, `suiren-${number}`, ["架空 すいれん", "かくうすいれん", number], "池のほとりのQ字の杭に、7羽のとんぼ");
  const page = await visit(world.exchange, { certificate });
  const address = `suiren-${number}@example.jp`;

  await step("from one's own account", async () => {
    await setUp(page, who);
    await signIn(page, who);
    await page.goto(`${world.exchange}/account`);
    await press(page, link(page, "届いた知らせのメールを開く"));
    await on(page, "届いた知らせのメール");
    await look(page, "mail-1-ask");
  });

  await step("an address that is none comes back with what was typed", async () => {
    await type(page, field(page, "メールアドレス"), "suiren＠example.jp");
    await press(page, button(page, "申し込む"));
    await page.getByText("メールアドレスとして使えません。").first().waitFor();
    assert.equal(await field(page, "メールアドレス").inputValue(), "suiren＠example.jp");
    await look(page, "mail-2-fault");
  });

  await step("a code goes to the address, and until it is given back nothing else does", async () => {
    await type(page, field(page, "メールアドレス"), address);
    await page.keyboard.press("Enter");
    await page.getByText("申し込みを受け付けました。").waitFor();
    const said = await mailed(address);
    const code = said.split("\r\n").find((line) => line.split("-").length === 4);
    await page.goto(`${world.exchange}/account/mail`);
    await page.getByText("コードを送りました。").waitFor();
    await look(page, "mail-3-code");
    await type(page, field(page, "メールに書かれたコード"), "0000-0000-0000-0000");
    await page.keyboard.press("Enter");
    await page.getByText("コードが違います。").first().waitFor();
    await type(page, field(page, "メールに書かれたコード"), code);
    await page.keyboard.press("Enter");
    await page.getByText("アドレスを確かめました。").waitFor();
    await look(page, "mail-4-on");
  });

  await step("it is ended as easily", async () => {
    await press(page, button(page, "メールをやめる"));
    await page.getByText("メールをやめました。").waitFor();
    await field(page, "メールアドレス").waitFor();
  });
  await leave(page, FAULTY);
});
