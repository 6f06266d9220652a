// The checks of the care-plan data exchange standard, in a browser or in Node. Nothing leaves the page.
//
//   const standard = await load(fetch("fumibako_standard_wasm.wasm"));
//   const json = standard.check([{ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }], "import");
//
// The JSON is that of `fumibako check --format json --as PROFILE` for a folder with these files.

const FILE = 0, SERVICE_CODES = 1, HISTORY = 2;

/** @param source the module's bytes, or a Response (or a promise of one) that brings them */
export async function load(source) {
  const given = await source;
  const bytes = typeof Response !== "undefined" && given instanceof Response ? await given.arrayBuffer() : given;
  const module = await WebAssembly.compile(bytes);
  return new Standard(module, await WebAssembly.instantiate(module, {}));
}

class Standard {
  #module;
  #instance;

  constructor(module, instance) {
    this.#module = module;
    this.#instance = instance;
  }

  /**
   * @param {{name: string, bytes: Uint8Array}[]} files
   * @param {"export" | "import"} profile as sent, or as received
   * @param {{serviceCodes?: Uint8Array, history?: {name: string, bytes: Uint8Array}[]}} known what else is known
   * @returns {string} JSON
   */
  check(files, profile, known = {}) {
    if (profile !== "export" && profile !== "import") throw new TypeError(`no such profile: ${profile}`);
    return this.#ask(files, known, (wasm) => wasm.check(profile === "import" ? 1 : 0));
  }

  /**
   * Looks over files before they are sent: sets, people, findings with their cells.
   *
   * @param {{name: string, bytes: Uint8Array}[]} files
   */
  lookOver(files, known = {}) {
    return JSON.parse(this.#ask(files, known, (wasm) => wasm.look_over()));
  }

  /** Proposes to put the files of one set right; `files` of the answer hold their content in base64. */
  mend(files) {
    return JSON.parse(this.#ask(files, {}, (wasm) => wasm.mend()));
  }

  #ask(files, known, deed) {
    const parts = files.map((file) => [FILE, file]);
    if (known.serviceCodes) parts.push([SERVICE_CODES, { name: "", bytes: known.serviceCodes }]);
    for (const file of known.history ?? []) parts.push([HISTORY, file]);
    const wasm = this.#instance.exports;
    try {
      this.#write(parts.map(([kind, { name, bytes }]) => [kind, new TextEncoder().encode(name), bytes]));
      const refused = deed(wasm);
      // Memory may have grown and moved: it is looked up after each call. An address comes as a signed number.
      const answer = new Uint8Array(wasm.memory.buffer, wasm.answer() >>> 0, wasm.answer_length() >>> 0);
      const text = new TextDecoder().decode(answer);
      if (refused) throw new Error(text);
      return text;
    } catch (problem) {
      // After a trap, such as memory running out, the instance is not to be trusted.
      if (problem instanceof WebAssembly.RuntimeError) this.#instance = new WebAssembly.Instance(this.#module, {});
      throw problem;
    } finally {
      this.#instance.exports.forget();
    }
  }

  #write(parts) {
    const { memory, request } = this.#instance.exports;
    const length = parts.reduce((sum, [, name, bytes]) => sum + 9 + name.length + bytes.length, 0);
    const start = request(length) >>> 0;
    const room = new Uint8Array(memory.buffer, start, length);
    const view = new DataView(memory.buffer, start, length);
    let at = 0;
    for (const [kind, ...pieces] of parts) {
      room[at++] = kind;
      for (const piece of pieces) {
        view.setUint32(at, piece.length, true);
        room.set(piece, at + 4);
        at += 4 + piece.length;
      }
    }
  }
}
