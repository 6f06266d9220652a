// What journeys about sending begin with: an office with partners and a person, files of a month, and the page 送る.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lib from "./lib.mjs";
import { administrator, on, setUp, signIn } from "./people.mjs";

const { visit, world } = lib;

export const PDF = Buffer.from("%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n");

/** An office of care managers, as many partners as asked for, and a person of theirs who has signed in. */
export async function desk(name, partners, login, password) {
  const care = lib.newOffice(name, "43");
  const services = Array.from({ length: partners }, (_, at) => lib.newOffice(`架空の訪問介護${at + 1}号`, "11"));
  const certificate = lib.enrolledDevice(care);
  // Nobody has two accounts.
  const who = administrator(care, `${login}-${care}`, ["架空 かえで", "かくうかえで", care], password);
  return { care, services, certificate, who };
}

export async function signedIn(certificate, who, options = {}) {
  const page = await visit(world.exchange, { certificate, ...options });
  await setUp(page, who);
  await signIn(page, who);
  return page;
}

/** A folder with one month's set from one office to another. */
export function month(folder, from, to, { people = 2, second = 1, seed = 7 } = {}) {
  mkdirSync(folder, { recursive: true });
  const serial = `202603250900${String(second).padStart(2, "0")}`;
  const between = ["--sender", from, "--sender-type", "43", "--receiver", to, "--receiver-type", "11"];
  const about = ["--people", String(people), "--seed", String(seed), "--month", "202604", "--serial", serial];
  lib.fumibako("sample", "--kind", "schedule", ...about, ...between, folder);
  return folder;
}

export const files = (folder) => readdirSync(folder).map((name) => join(folder, name));

/** The same files with what `edit` makes of their text, written in `encoding`. */
export function rewritten(folder, edit, encoding = "CP932") {
  const other = lib.freshFolder();
  for (const path of files(folder)) {
    const text = execFileSync("iconv", ["-f", "CP932", "-t", "UTF-8"], { input: readFileSync(path) }).toString("utf8");
    const bytes = execFileSync("iconv", ["-f", "UTF-8", "-t", encoding], { input: edit(text) });
    writeFileSync(join(other, path.split("/").at(-1)), bytes);
  }
  return other;
}

/** The page is ready when it has its module. */
export const isReady = (page) => page.locator("html[data-send=ready]").waitFor({ state: "attached" });

export async function opens(page) {
  await page.goto(`${world.exchange}/send`);
  await on(page, "送る");
  await isReady(page);
}

export const sets = (page, n, partners) => page.getByRole("heading", { name: `送るもの（${partners}事業所、${n}件）` });
