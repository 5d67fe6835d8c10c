// Bytes of a file as text: UTF-8 or refused by name, since a byte that was replaced would be applied as something else.

/** Text of a file, or what is wrong with its bytes. A byte order mark stays, so that the text is the file. */
export function textOf(bytes: Uint8Array): { text: string } | { problem: string } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { problem: 'the file is UTF-16; save it as UTF-8' };
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1) return { problem: `byte ${nul} of the file is NUL, which no YAML or JSON holds; remove it` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const at = firstBadByte(bytes);
    const hex = (bytes[at] ?? 0).toString(16).padStart(2, '0');
    return { problem: `byte ${at} of the file (0x${hex}) is not UTF-8; save the file as UTF-8` };
  }
}

/** Where a fatal decoder stops: everything before it decodes by itself. */
function firstBadByte(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.byteLength];
  while (bad - good > 1) {
    const middle = good + Math.floor((bad - good) / 2);
    if (decodesSoFar(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return startOf(bytes.subarray(0, good));
}

/** Where the character begins that is not complete at the end; the end where none is. */
function startOf(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back++) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if (byte >= 0xc0)
      return isWhole(bytes.subarray(bytes.byteLength - back)) ? bytes.byteLength : bytes.byteLength - back;
    if (byte < 0x80) break;
  }
  return bytes.byteLength;
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether bytes are the beginning of a UTF-8 text; a character may be cut at the end. */
function decodesSoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
