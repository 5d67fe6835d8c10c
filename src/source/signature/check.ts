// Whether a commit bears the signatures that are asked for. What cannot be told counts as none.
import { isSshSignature, checkSsh } from '../../git/signature/sshsig.ts';
import { signedCommit, signedTag, type Signed } from '../../git/signature/signed.ts';
import { parseCommit } from '../../git/objects.ts';
import type { FetchedCommit, GitMirror } from '../../git/types.ts';
import type { Signature, SignaturePolicy } from '../../ports/source-reader.ts';
import { checkOpenPgp, type ToolContext } from './open-pgp.ts';

interface Context extends ToolContext {
  mirror: Pick<GitMirror, 'signed'>;
}

/** Undefined where nothing has to be signed. Never rejects. */
export async function checkSignature(
  commit: FetchedCommit,
  policy: SignaturePolicy | undefined,
  context: Context,
): Promise<Signature | undefined> {
  if (policy === undefined) return undefined;
  try {
    const tag = policy.on === 'Commit' ? undefined : await ofTag(commit, policy, context);
    if (tag?.good === false || policy.on === 'Tag') return tag;
    return await ofCommit(commit, policy, context);
  } catch (error) {
    return {
      good: false,
      why: `the signature cannot be checked: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function ofCommit(
  { oid, tree, date }: FetchedCommit,
  policy: SignaturePolicy,
  context: Context,
): Promise<Signature> {
  const found = await context.mirror.signed(oid);
  if (found?.type !== 'commit') return { good: false, why: 'the commit is not there to be checked' };
  const signed = signedCommit(found.bytes);
  // What is read of the commit has to be what was signed of it.
  if (parseCommit(oid, signed.payload).tree !== tree) return { good: false, why: 'the commit is not what was signed' };
  return check('the commit', signed, Date.parse(date), policy, context);
}

async function ofTag(
  { oid, ref, listed, date }: FetchedCommit,
  policy: SignaturePolicy,
  context: Context,
): Promise<Signature> {
  if (!ref.startsWith('refs/tags/')) return { good: false, why: `${ref} is no tag, and only tags count` };
  const found = await context.mirror.signed(listed);
  if (found?.type !== 'tag') return { good: false, why: `${ref} is no annotated tag, so that nobody signed it` };
  const signed = signedTag(found.bytes);
  const headers = headersOf(signed.payload);
  const name = ref.slice('refs/tags/'.length);
  if (headers.get('object') !== oid) return { good: false, why: `the tag ${name} was made for another commit` };
  if (headers.get('tag') !== name)
    return { good: false, why: `the tag ${name} was signed under another name, ${headers.get('tag') ?? 'none'}` };
  const seconds = /> (\d+) [+-]\d{4}$/.exec(headers.get('tagger') ?? '')?.[1];
  return check(
    `the tag ${name}`,
    signed,
    seconds === undefined ? Date.parse(date) : Number(seconds) * 1000,
    policy,
    context,
  );
}

function headersOf(payload: Buffer): Map<string, string> {
  const [head = ''] = payload.toString('utf8').split('\n\n', 1);
  const headers = new Map<string, string>();
  for (const line of head.split('\n')) {
    const at = line.indexOf(' ');
    // The first counts: what Git reads is at the top.
    if (at > 0 && !headers.has(line.slice(0, at))) headers.set(line.slice(0, at), line.slice(at + 1));
  }
  return headers;
}

// oxlint-disable-next-line max-params -- the five are one question
async function check(
  what: string,
  { payload, signature }: Signed,
  at: number,
  { allowedSigners, openPgp }: SignaturePolicy,
  context: Context,
): Promise<Signature> {
  if (signature === undefined) return { good: false, why: `${what} is not signed` };
  const verdict = isSshSignature(signature)
    ? ofSsh(payload, signature, allowedSigners, at)
    : await ofOpenPgp(payload, signature, openPgp, context);
  return verdict.good ? verdict : { good: false, why: `the signature of ${what} does not count: ${verdict.why}` };
}

const ofSsh = (payload: Buffer, signature: string, allowedSigners: string | undefined, at: number): Signature =>
  allowedSigners === undefined
    ? { good: false, why: 'it is one of SSH, and the Secret has no key allowed_signers' }
    : checkSsh(payload, signature, allowedSigners, at);

async function ofOpenPgp(
  payload: Buffer,
  signature: string,
  keys: readonly string[],
  context: Context,
): Promise<Signature> {
  if (!signature.startsWith('-----BEGIN PGP SIGNATURE-----')) return { good: false, why: 'it is of an unknown kind' };
  if (keys.length === 0)
    return { good: false, why: 'it is one of OpenPGP, and the Secret has no key that ends in .asc' };
  return checkOpenPgp({ payload, signature, keys }, context);
}
