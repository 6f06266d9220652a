// DER (X.690), as much of it as a certificate request and a key file need: a writer, and a reader for certificates.

/** One element. `parts` are byte arrays, already encoded where they are elements themselves. */
export function element(tag, ...parts) {
  const content = joined(parts);
  return joined([Uint8Array.from([tag, ...lengthBytes(content.length)]), content]);
}

export const sequence = (...parts) => element(0x30, ...parts);
export const octets = (bytes) => element(0x04, bytes);
export const nothing = () => element(0x05);
/** The content of a bit string whose bits fill whole bytes. */
export const bits = (bytes) => element(0x03, Uint8Array.of(0), bytes);
/** `[number]` around whole elements. */
export const context = (number, ...parts) => element(0xa0 | number, ...parts);
/** The text of names in key files. It knows no letter beyond the first 65,536; a geta mark stands for those. */
export const bmpString = (text) => element(0x1e, utf16(text.replace(/[\u{10000}-\u{10ffff}]|\p{Cs}/gu, "〓")));

/** SET OF: DER wants the members in the order of their bytes, and strict readers refuse any other. */
export const set = (...members) => element(0x31, ...members.sort(byBytes));

/** A non-negative integer, from a number or from big-endian bytes. */
export function integer(value) {
  const bytes = typeof value === "number" ? numberBytes(value) : [...value];
  while (bytes.length > 1 && bytes[0] === 0) bytes.shift();
  // A leading one bit would make it negative.
  if (bytes[0] & 0x80) bytes.unshift(0);
  return element(0x02, Uint8Array.from(bytes));
}

/** An object identifier from its dotted form. */
export function identifier(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Uint8Array.from(bytes));
}

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Each unit with its high byte first. */
export function utf16(text) {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return Uint8Array.from(units.flatMap((unit) => [unit >> 8, unit & 0xff]));
}

/** The elements that stand one after another in `bytes`: each with its tag, its content and its whole encoding. */
export function elements(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, short] = [bytes[at], bytes[at + 1]];
    const count = short < 0x80 ? 0 : short & 0x7f;
    const from = at + 2 + count;
    const length = count === 0 ? short : bytes.subarray(at + 2, from).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!(count <= 3) || !(from + length <= bytes.length)) throw new RangeError("an element ends outside of its bytes");
    found.push({ tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(at, from + length) });
    at = from + length;
  }
  return found;
}

function lengthBytes(length) {
  if (length < 0x80) return [length];
  const bytes = numberBytes(length);
  return [0x80 | bytes.length, ...bytes];
}

function numberBytes(value) {
  const bytes = [value % 256];
  for (let left = Math.floor(value / 256); left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return bytes;
}

function byBytes(one, other) {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at < 0 ? one.length - other.length : one[at] - (other[at] ?? -1);
}
