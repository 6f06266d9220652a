// Runs every case of vectors/ through the module: node vectors.mjs MODULE VECTORS
// A line for each case and profile: {"path", "profile", "json", "microseconds"}. Reads the folder as any vendor would.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { load } from "../js/fumibako-standard.mjs";

const ROUNDS = 10;
const [module, vectors] = process.argv.slice(2);
const standard = await load(readFileSync(module));

const folders = (path) => readdirSync(path, { withFileTypes: true }).filter((it) => it.isDirectory()).map((it) => it.name);

for (const group of folders(vectors)) {
  for (const name of folders(join(vectors, group))) {
    const folder = join(vectors, group, name);
    const kept = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
    const files = kept.files.map(({ name, base64 }) => ({
      name,
      bytes: base64 === undefined ? readFileSync(join(folder, "files", name)) : Buffer.from(base64, "base64"),
    }));
    // The order in which files are chosen must not matter.
    files.reverse();
    const known = {};
    if (kept.service_codes) known.serviceCodes = readFileSync(join(folder, kept.service_codes));
    if (kept.history) {
      known.history = readdirSync(join(folder, kept.history))
        .map((name) => ({ name, bytes: readFileSync(join(folder, kept.history, name)) }));
    }
    for (const profile of ["export", "import"]) {
      const json = standard.check(files, profile, known);
      const start = process.hrtime.bigint();
      for (let round = 0; round < ROUNDS; round++) standard.check(files, profile, known);
      const microseconds = Number(process.hrtime.bigint() - start) / 1000 / ROUNDS;
      console.log(JSON.stringify({ path: `${group}/${name}`, profile, json, microseconds }));
    }
  }
}
