// Looks over files beside the page, so that it never stands still. Nothing leaves the browser here.

import { load } from "/fumibako-standard.mjs";

const standard = load(fetch("/standard.wasm").then((answer) => {
  if (!answer.ok) throw new Error("no module");
  return answer;
}));

standard.then(
  () => postMessage({ ready: true }),
  () => postMessage({ ready: false }),
);

onmessage = async ({ data: { id, deed, files } }) => {
  try {
    const checks = await standard;
    const bytes = files.map(({ name, buffer }) => ({ name, bytes: new Uint8Array(buffer) }));
    postMessage({ id, answer: deed === "mend" ? checks.mend(bytes) : checks.lookOver(bytes) });
  } catch {
    postMessage({ id, failed: true });
  }
};
