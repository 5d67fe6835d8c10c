// Git's smart protocol to one server: list references, bring a pack, push one. Nothing is kept here.
import type { Located, References, TargetRevision } from '../api/target-revision.ts';
import type { SourceLimits } from '../ports/source-budget.ts';
import { gitHttp, type GitHttp, type GitHttpOptions, type GitHttpRequest } from './http.ts';
import { DELIMITER, demultiplex, FLUSH, packet, PacketReader, said } from './pkt-line.ts';
import { isOid } from './objects.ts';
import { GitError, PushRejected, type GitCall } from './types.ts';

export interface GitServerOptions extends GitHttpOptions {
  limits: Readonly<SourceLimits>;
  /** Asked in the last moment before a push is sent. Default: it may. */
  mayPush?: (() => boolean | Promise<boolean>) | undefined;
}

type Service = 'git-upload-pack' | 'git-receive-pack';

interface Listing {
  refs: References;
  capabilities: Set<string>;
  /** The server speaks version 2, and has listed nothing yet. */
  second: boolean;
}

export interface FetchRequest {
  target: TargetRevision;
  /** A commit that is here already. */
  have?: string | undefined;
  shallow: readonly string[];
  depth?: number | undefined;
}

export interface Fetched extends Located {
  /** Empty when nothing new came. */
  pack: Buffer;
  shallow: string[];
  unshallow: string[];
}

/** A reference that is moved by force. */
export const ANYWHERE = Symbol('anywhere');

const AGENT = 'agent=sluice';
const MAX_LISTING = 32 * 2 ** 20;
const MAX_REPORT = 2 ** 20;
const NO_OID = '0'.repeat(40);

export class GitServer {
  readonly #http: GitHttp;
  readonly #options: GitServerOptions;

  constructor(options: GitServerOptions) {
    this.#options = options;
    this.#http = gitHttp(options);
  }

  /** What is meant now; undefined when there is nothing of that name. */
  async locate(target: TargetRevision, call: GitCall): Promise<Located | undefined> {
    const { prefixes } = target;
    if (prefixes.length === 0) return target.find(new Map());
    const listing = await this.#list('git-upload-pack', call, { prefixes, headers: { 'git-protocol': 'version=2' } });
    if (!listing.second) return target.find(listing.refs);
    const body = Buffer.concat([
      packet('command=ls-refs\n'),
      packet(`${AGENT}\n`),
      DELIMITER,
      packet('peel\n'),
      ...prefixes.map((prefix) => packet(`ref-prefix ${prefix}\n`)),
      FLUSH,
    ]);
    const answer = await this.#post(
      'git-upload-pack',
      { body, maxBytes: MAX_LISTING, headers: { 'git-protocol': 'version=2' } },
      call,
    );
    return target.find(refsIn(new PacketReader(answer), prefixes).refs);
  }

  /** The pack that is missing for what is meant; undefined when the server has nothing of that name. */
  async fetch(request: FetchRequest, call: GitCall): Promise<Fetched | undefined> {
    const { target, have } = request;
    const { refs, capabilities } = await this.#list('git-upload-pack', call, { prefixes: target.prefixes });
    const found = target.find(refs);
    if (found === undefined) return undefined;
    const nothing = { ...found, pack: Buffer.alloc(0), shallow: [], unshallow: [] };
    if (found.commit === have) return nothing;
    if (!capabilities.has('side-band-64k')) {
      throw new GitError('unreachable', 'the server is too old: it does not offer side-band-64k');
    }
    const body = wanted(found.listed, request, capabilities);
    const answer = await this.#post('git-upload-pack', { body, maxBytes: this.#options.limits.packBytes }, call);
    return { ...received(answer, request.depth !== undefined), ...found };
  }

  /** Moves a reference from `expected` (undefined: it is not there; ANYWHERE: by force) to `oid`, or throws PushRejected. */
  async push(
    update: { ref: string; expected: string | undefined | typeof ANYWHERE; oid: string; pack: Buffer },
    call: GitCall,
  ): Promise<void> {
    const { ref, oid } = update;
    const { refs, capabilities } = await this.#list('git-receive-pack', call, { prefixes: [ref] });
    const expected = update.expected === ANYWHERE ? refs.get(ref) : update.expected;
    if (refs.get(ref) !== expected) throw new PushRejected(`${ref} has moved on the server`);
    const band = capabilities.has('side-band-64k');
    const command = `${expected ?? NO_OID} ${oid} ${ref}\0 report-status${band ? ' side-band-64k' : ''} ${AGENT}`;
    const body = Buffer.concat([packet(command), FLUSH, update.pack]);
    if ((await this.#options.mayPush?.()) === false)
      throw new GitError('unreachable', 'this process does not lead any more, and pushes nothing');
    const answer = new PacketReader(await this.#post('git-receive-pack', { body, maxBytes: MAX_REPORT }, call));
    checkReport(band ? new PacketReader(demultiplex(answer)) : answer, ref);
  }

  /** Only what begins with a prefix is kept: a server may have a hundred thousand other references. */
  async #list(
    service: Service,
    call: GitCall,
    { prefixes, headers = {} }: { prefixes: readonly string[]; headers?: Record<string, string> },
  ): Promise<Listing> {
    const path = `/info/refs?service=${service}`;
    const { contentType, body } = await this.#http({ path, headers, maxBytes: MAX_LISTING }, call);
    if (contentType !== `application/x-${service}-advertisement`)
      throw new GitError('not-found', 'the server does not speak Git over HTTP at this URL');
    const reader = new PacketReader(body);
    if (reader.rest.toString('latin1', 4, 14) === '# service=') {
      reader.next();
      reader.next();
    }
    if (reader.rest.toString('latin1', 4, 13) === 'version 2')
      return { refs: new Map(), capabilities: new Set(), second: true };
    return { ...refsIn(reader, prefixes), second: false };
  }

  async #post(service: Service, sent: Omit<GitHttpRequest, 'path'>, call: GitCall): Promise<Buffer> {
    const types = { 'content-type': `application/x-${service}-request`, accept: `application/x-${service}-result` };
    const request = { ...sent, path: `/${service}`, headers: { ...types, ...sent.headers } };
    return (await this.#http(request, call)).body;
  }
}

const PEELED = 'peeled:';

/** One line of a listing: a reference, what an annotated tag points to, and on the first line what the server offers. */
function entryOf(line: string): { oid: string; name: string; peeled: string; offered: string } {
  const [listed = '', offered = ''] = line.split('\0', 2);
  const [oid = '', name = '', ...more] = listed.split(' ');
  const peeled = more.find((each) => each.startsWith(PEELED))?.slice(PEELED.length) ?? '';
  return { oid, name, peeled, offered };
}

/** References of a listing. */
function refsIn(
  reader: PacketReader,
  prefixes: readonly string[],
): { refs: Map<string, string>; capabilities: Set<string> } {
  const refs = new Map<string, string>();
  let capabilities: Set<string> | undefined;
  while (!reader.atEnd) {
    const line = reader.line();
    if (line === undefined) continue;
    if (line.startsWith('ERR ')) throw new GitError('unreachable', `the server says: ${said(line.slice(4))}`);
    const { oid, name, peeled, offered } = entryOf(line);
    capabilities ??= new Set(offered.split(' '));
    if (!isOid(oid) || !prefixes.some((prefix) => name.startsWith(prefix))) continue;
    refs.set(name, oid);
    if (isOid(peeled)) refs.set(`${name}^{}`, peeled);
  }
  return { refs, capabilities: capabilities ?? new Set() };
}

function wanted(oid: string, { have, shallow, depth }: FetchRequest, offered: ReadonlySet<string>): Buffer {
  const used = ['side-band-64k', 'ofs-delta', 'no-progress'].filter((name) => offered.has(name));
  const deepens = depth !== undefined && offered.has('shallow');
  return Buffer.concat([
    packet(`want ${oid} ${[...used, AGENT].join(' ')}\n`),
    ...(offered.has('shallow') ? shallow.map((at) => packet(`shallow ${at}\n`)) : []),
    ...(deepens ? [packet(`deepen ${depth}\n`)] : []),
    FLUSH,
    ...(have === undefined ? [] : [packet(`have ${have}\n`)]),
    packet('done\n'),
  ]);
}

/** What a server says of the edge of a history that it cut. */
type Mark = 'shallow' | 'unshallow';

const isMark = (word: string): word is Mark => word === 'shallow' || word === 'unshallow';

function received(answer: Buffer, deepened: boolean): Omit<Fetched, keyof Located> {
  const reader = new PacketReader(answer);
  const marks: Record<Mark, string[]> = { shallow: [], unshallow: [] };
  let waits = deepened;
  while (!reader.atEnd) {
    const line = reader.line();
    if (line === undefined) {
      if (!waits) break;
      waits = false;
      continue;
    }
    const [word = '', oid = ''] = line.split(' ', 2);
    if (isMark(word) && isOid(oid)) marks[word].push(oid);
    else if (word === 'NAK' || word === 'ACK') break;
    else throw refusal(line);
  }
  return { ...marks, pack: demultiplex(reader) };
}

/** Of a commit that is named, git says `not our ref` where no branch or tag has it (upload-pack.c). */
function refusal(line: string): GitError {
  const text = `the server says: ${said(line.replace(/^ERR /, ''))}`;
  if (!line.includes('not our ref')) return new GitError('unreachable', text);
  return new GitError('not-found', `the server has no such commit in any branch or tag (${text})`);
}

function checkReport(report: PacketReader, ref: string): void {
  let accepted = false;
  while (!report.atEnd) {
    const line = report.line() ?? '';
    if (line.startsWith('unpack ') && line !== 'unpack ok')
      throw new PushRejected(`the server refused the push: ${said(line.slice(7))}`);
    if (line.startsWith(`ng ${ref} `))
      throw new PushRejected(`the server refused the push: ${said(line.slice(ref.length + 4))}`);
    if (line === `ok ${ref}`) accepted = true;
  }
  if (!accepted) throw new PushRejected(`${ref} was refused by the server`);
}
