// Signatures of OpenPGP, checked by the program `gpg` of this machine: in a home of its own that holds nothing but the keys that count.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signature } from '../../ports/source-reader.ts';
import type { GitCall } from '../../git/types.ts';
import { runProcess, type ProcessResult } from '../render/process.ts';
import { inFreshFolder, type ToolRoom } from '../render/tool.ts';

export interface OpenPgpQuestion {
  payload: Uint8Array;
  /** In its armour. */
  signature: string;
  /** Public keys in their armour. */
  keys: readonly string[];
}

/** Where the program works; undefined: none is run here. */
export interface ToolContext {
  rendering?: (Pick<ToolRoom, 'folder' | 'clock' | 'busy'> & { gpg?: string | undefined }) | undefined;
  call: GitCall;
}

const LIMITS = { timeMs: 20_000, memoryBytes: 256 * 2 ** 20, outputBytes: 2 ** 20 };
const COMMON = ['--batch', '--no-tty', '--no-autostart', '--no-options', '--quiet'];

/** Never takes a signature for good that gpg does not say is. */
export async function checkOpenPgp(
  { payload, signature, keys }: OpenPgpQuestion,
  { rendering, call }: ToolContext,
): Promise<Signature> {
  const program = rendering?.gpg;
  if (program === undefined || rendering === undefined)
    return bad('signatures of OpenPGP are checked by the program gpg, which is not on the PATH of the controller');
  const { clock, busy } = rendering;
  return inFreshFolder(rendering, async (folder) => {
    const home = join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    const [keyring, over, by] = ['keys.asc', 'signed', 'signature.asc'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(keyring, keys.join('\n'));
    await writeFile(over, payload);
    await writeFile(by, signature);
    const gpg = (...args: string[]): Promise<ProcessResult> =>
      runProcess({
        program,
        args: ['--homedir', home, ...COMMON, ...args],
        cwd: folder,
        env: { HOME: home, GNUPGHOME: home, LC_ALL: 'C', PATH: join(folder, 'no-programs') },
        limits: LIMITS,
        clock,
        signal: call.signal,
        started: (pid) => busy?.({ folder, pid }),
      });
    await gpg('--import', keyring);
    const { end, stdout } = await gpg('--trust-model', 'always', '--status-fd', '1', '--verify', by, over);
    if (end.by !== 'exit') return bad(`gpg did not come to an end (${end.by})`);
    const verdict = verdictIn(stdout.toString('utf8'));
    return verdict.good && end.code !== 0 ? bad(`gpg ended with ${end.code}`) : verdict;
  });
}

const bad = (why: string): Signature => ({ good: false, why });

/** What speaks against a signature, by the word of gpg (doc/DETAILS of GnuPG). */
const OBJECTIONS: Readonly<Record<string, string>> = {
  BADSIG: 'it does not fit what it is over',
  NO_PUBKEY: 'its key is not among those of the Secret',
  EXPSIG: 'it has expired',
  EXPKEYSIG: 'its key has expired',
  REVKEYSIG: 'its key was revoked',
  ERRSIG: 'gpg cannot check it',
  NODATA: 'it cannot be read',
};

/** What gpg says on its status descriptor. One good signature and nothing against it is what counts. */
export function verdictIn(status: string): Signature {
  const lines = [...status.matchAll(/^\[GNUPG:\] (\w+) ?(.*)$/gm)].map(([, word = '', rest = '']) => ({ word, rest }));
  const objection = Object.entries(OBJECTIONS).find(([word]) => lines.some((line) => line.word === word));
  if (objection) return bad(objection[1]);
  const good = lines.filter(({ word }) => word === 'GOODSIG');
  const valid = lines.filter(({ word }) => word === 'VALIDSIG');
  const [first] = good;
  const key = valid[0]?.rest.split(' ', 1)[0];
  if (first === undefined || key === undefined || good.length > 1 || valid.length > 1)
    return bad('gpg says nothing good of it');
  return { good: true, signer: first.rest.split(' ').slice(1).join(' '), key };
}
