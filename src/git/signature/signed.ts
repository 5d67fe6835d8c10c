// A commit or tag as it was signed: what the signature is over, and the signature. Objects are bytes that a stranger wrote.
import { GitError } from '../types.ts';

export interface Signed {
  /** What was signed. */
  payload: Buffer;
  /** In its armour; undefined where there is none. */
  signature: string | undefined;
}

const HEADERS = ['gpgsig', 'gpgsig-sha256'] as const;

/** Of a commit: the signature is a header, and what was signed is all the rest. Throws GitError where there are two. */
export function signedCommit(bytes: Uint8Array): Signed {
  const text = Buffer.from(bytes).toString('latin1');
  const end = text.indexOf('\n\n');
  const lines = (end === -1 ? text : text.slice(0, end)).split('\n');
  const kept: string[] = [];
  const found: Record<string, string[]> = {};
  let within: string | undefined;
  for (const line of lines) {
    const header = HEADERS.find((name) => line.startsWith(`${name} `));
    if (header !== undefined) {
      if (found[header] !== undefined) throw new GitError('rejected', `the commit has two headers ${header}`);
      found[header] = [line.slice(header.length + 1)];
      within = header;
    } else if (within !== undefined && line.startsWith(' ')) found[within]?.push(line.slice(1));
    else {
      within = undefined;
      kept.push(line);
    }
  }
  const rest = end === -1 ? '' : text.slice(end);
  return { payload: Buffer.from(kept.join('\n') + rest, 'latin1'), signature: found['gpgsig']?.join('\n') };
}

const ARMOUR = /^-----BEGIN (PGP|SSH) SIGNATURE-----$/m;

/** Of an annotated tag: the signature ends the message. */
export function signedTag(bytes: Uint8Array): Signed {
  const text = Buffer.from(bytes).toString('latin1');
  const at = ARMOUR.exec(text)?.index;
  if (at === undefined) return { payload: Buffer.from(bytes), signature: undefined };
  return { payload: Buffer.from(text.slice(0, at), 'latin1'), signature: text.slice(at) };
}

/** The bytes of a commit with a signature over them, as Git writes it. */
export function withSignature(commit: Buffer, signature: string): Buffer {
  const text = commit.toString('latin1');
  const end = text.indexOf('\n\n');
  const header = `gpgsig ${signature.trimEnd().split('\n').join('\n ')}`;
  return Buffer.from(`${text.slice(0, end)}\n${header}${text.slice(end)}`, 'latin1');
}
