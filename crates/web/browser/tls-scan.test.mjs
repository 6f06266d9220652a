// What the exchange finds at its own doors, and what it looks like when somebody changed one (R5.11).

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { comesInByApp, invited, link, on, go } from "./people.mjs";

const { journey, leave, look, press, visit, world } = lib;

/** A configuration in which the doors have changed places: the scan takes one for the other. */
function changedDoors() {
  const text = readFileSync(join(world.folder, "fumibako.toml"), "utf8");
  const port = (url) => new URL(url).port;
  const listen = [
    "[listen]",
    `exchange = "127.0.0.1:${port(world.enrolment)}"`,
    `enrolment = "127.0.0.1:${port(world.enrolment)}"`,
    'names = ["localhost"]',
    "",
  ].join("\n");
  const changed = text.replace(/^\[listen\]\n(?:(?!\[).*\n)*/m, listen);
  assert.notEqual(changed, text, "the configuration names its doors");
  const path = join(world.folder, "changed.toml");
  writeFileSync(path, changed);
  return path;
}

journey("the operator sees how the doors stand", async (step) => {
  const certificate = lib.enrolledDevice("--operator");
  const nagi = invited("auditor", `nagi-${process.pid}`, ["架空 なぎ", "かくうなぎ"], "谷川のT淵で、石を6つ数えて戻る");
  const page = await visit(world.exchange, { certificate });

  await step("r5_11 the newest report of each door is there", async () => {
    await comesInByApp(page, nagi, "ログ点検");
    await go(page, "通信の点検");
    await on(page, "通信の点検");
    await page.getByText(/項目とも問題なし/).first().waitFor();
    await look(page, "tls-scan");
    await press(page, page.getByText("事業所の端末の窓口の、問題のなかった項目"));
    await look(page, "tls-scan-open");
  });

  await step("r5_11 the report is handed out, signed", async () => {
    const downloading = page.waitForEvent("download");
    await press(page, page.getByRole("link", { name: /の署名された報告をダウンロードする$/ }).first());
    const download = await downloading;
    const report = JSON.parse(readFileSync(await download.path(), "utf8"));
    assert.equal(report.report.form, "fumibako-self-scan/1");
    assert.ok(report.signature && report.log);
  });

  await step("r5_11 a door that differs is red", async () => {
    assert.throws(() => lib.fumibako("tls", "scan", "--config", changedDoors()), /status|Command failed/);
    await page.reload();
    await page.getByText("証明書のない端末を入れない（登録の窓口を除く）").first().waitFor();
    await look(page, "tls-scan-red");
    await page.goto(`${world.exchange}/account`);
    await page.getByText("窓口が、決められていない暗号方式で話しています。").waitFor();
    await look(page, "tls-scan-alarm");
  });
  await leave(page);
});
