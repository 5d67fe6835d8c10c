// Git's smart protocol to one server: list references, bring a pack, push one. Nothing is kept here.
import type { Located, References, TargetRevision } from '../api/target-revision.ts';
import type { SourceLimits } from '../ports/source-budget.ts';
import { sshPlace } from '../api/repository-url.ts';
import { httpTransport } from './http.ts';
import { DELIMITER, demultiplex, FLUSH, packet, PacketReader, said } from './pkt-line.ts';
import { isOid } from './objects.ts';
import type { Conversation, Service, Transport, TransportOptions } from './transport.ts';
import { GitError, PushRejected, type GitCall } from './types.ts';

export interface GitServerOptions extends TransportOptions {
  limits: Readonly<SourceLimits>;
  /** Asked in the last moment before a push is sent. Default: it may. */
  mayPush?: (() => boolean | Promise<boolean>) | undefined;
}

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
  readonly #open: Transport;
  readonly #options: GitServerOptions;

  constructor(options: GitServerOptions) {
    this.#options = options;
    this.#open = transportTo(options);
  }

  /** What is meant now; undefined when there is nothing of that name. */
  locate(target: TargetRevision, call: GitCall): Promise<Located | undefined> {
    const { prefixes } = target;
    if (prefixes.length === 0) return Promise.resolve(target.find(new Map()));
    return this.#with({ service: 'git-upload-pack', second: true, prefixes }, call, async (listing, conversation) => {
      if (!listing.second) return target.find(listing.refs);
      const answer = await conversation.ask(listRefs(prefixes), MAX_LISTING);
      return target.find(refsIn(new PacketReader(answer), prefixes).refs);
    });
  }

  /** The pack that is missing for what is meant; undefined when the server has nothing of that name. */
  fetch(request: FetchRequest, call: GitCall): Promise<Fetched | undefined> {
    const { target, have } = request;
    // A commit that no reference is at is given by version 2 whatever the server is set to; all else takes a listing first.
    const second = target.prefixes.length === 0;
    const opening = { service: 'git-upload-pack', second, prefixes: target.prefixes } as const;
    return this.#with(opening, call, async (listing, conversation) => {
      const { refs, capabilities } = listing;
      const found = target.find(refs);
      if (found === undefined) return undefined;
      const nothing = { ...found, pack: Buffer.alloc(0), shallow: [], unshallow: [] };
      if (found.commit === have) return nothing;
      if (!listing.second && !capabilities.has('side-band-64k')) {
        throw new GitError('unreachable', 'the server is too old: it does not offer side-band-64k');
      }
      const body = listing.second ? wantedBySecond(found.listed, request) : wanted(found.listed, request, capabilities);
      const answer = await conversation.ask(body, this.#options.limits.packBytes);
      return { ...received(answer, request.depth !== undefined, listing.second), ...found };
    });
  }

  /** Moves a reference from `expected` (undefined: it is not there; ANYWHERE: by force) to `oid`, or throws PushRejected. */
  push(
    update: { ref: string; expected: string | undefined | typeof ANYWHERE; oid: string; pack: Buffer },
    call: GitCall,
  ): Promise<void> {
    const { ref, oid } = update;
    const opening = { service: 'git-receive-pack', second: false, prefixes: [ref] } as const;
    return this.#with(opening, call, async ({ refs, capabilities }, conversation) => {
      const expected = update.expected === ANYWHERE ? refs.get(ref) : update.expected;
      if (refs.get(ref) !== expected) throw new PushRejected(`${ref} has moved on the server`);
      const band = capabilities.has('side-band-64k');
      const command = `${expected ?? NO_OID} ${oid} ${ref}\0 report-status${band ? ' side-band-64k' : ''} ${AGENT}`;
      const body = Buffer.concat([packet(command), FLUSH, update.pack]);
      if ((await this.#options.mayPush?.()) === false)
        throw new GitError('unreachable', 'this process does not lead any more, and pushes nothing');
      const answer = new PacketReader(await conversation.ask(body, MAX_REPORT));
      checkReport(band ? new PacketReader(demultiplex(answer)) : answer, ref);
    });
  }

  /** Only what begins with a prefix is kept: a server may have a hundred thousand other references. */
  async #with<T>(
    { service, second, prefixes }: { service: Service; second: boolean; prefixes: readonly string[] },
    call: GitCall,
    run: (listing: Listing, conversation: Conversation) => Promise<T>,
  ): Promise<T> {
    const conversation = await this.#open({ service, second, maxBytes: MAX_LISTING }, call);
    try {
      return await run(listingIn(conversation.greeting, prefixes), conversation);
    } finally {
      conversation.end();
    }
  }
}

/** What reaches the repository, with the credentials that fit. */
function transportTo(options: TransportOptions): Transport {
  const { credentials } = options;
  const place = sshPlace(options.url);
  const isKey = credentials !== undefined && 'privateKey' in credentials;
  if (place !== undefined) {
    const given = { ...options, place, credentials: isKey ? credentials : undefined };
    // Most installations have no repository over SSH: its library is loaded for the first one.
    return async (opening, call) => (await import('./ssh/transport.ts')).sshTransport(given)(opening, call);
  }
  return httpTransport({ ...options, credentials: isKey ? undefined : credentials });
}

function listingIn(greeting: Buffer, prefixes: readonly string[]): Listing {
  if (greeting.toString('latin1', 4, 13) === 'version 2')
    return { refs: new Map(), capabilities: new Set(), second: true };
  return { ...refsIn(new PacketReader(greeting), prefixes), second: false };
}

const listRefs = (prefixes: readonly string[]): Buffer =>
  Buffer.concat([
    packet('command=ls-refs\n'),
    packet(`${AGENT}\n`),
    DELIMITER,
    packet('peel\n'),
    ...prefixes.map((prefix) => packet(`ref-prefix ${prefix}\n`)),
    FLUSH,
  ]);

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

/** The same in version 2, in which every server has a side band. */
function wantedBySecond(oid: string, { have, shallow, depth }: FetchRequest): Buffer {
  const lines = [
    'ofs-delta',
    'no-progress',
    `want ${oid}`,
    ...shallow.map((at) => `shallow ${at}`),
    ...(depth === undefined ? [] : [`deepen ${depth}`]),
    ...(have === undefined ? [] : [`have ${have}`]),
    'done',
  ];
  const options = lines.map((line) => packet(`${line}\n`));
  return Buffer.concat([packet('command=fetch\n'), packet(`${AGENT}\n`), DELIMITER, ...options, FLUSH]);
}

/** What a server says of the edge of a history that it cut. */
type Mark = 'shallow' | 'unshallow';

const isMark = (word: string): word is Mark => word === 'shallow' || word === 'unshallow';

/** Takes in what a line says of the edge; throws what it says else. */
function mark(line: string, marks: Record<Mark, string[]>): void {
  const [word = '', oid = ''] = line.split(' ', 2);
  if (isMark(word) && isOid(oid)) marks[word].push(oid);
  else if (word !== 'shallow-info') throw refusal(line);
}

/** After these comes the pack: in the first version, and in the second. */
const BEFORE_PACK: ReadonlySet<string> = new Set(['NAK', 'ACK', 'packfile']);

function received(answer: Buffer, deepened: boolean, second: boolean): Omit<Fetched, keyof Located> {
  const reader = new PacketReader(answer);
  const marks: Record<Mark, string[]> = { shallow: [], unshallow: [] };
  let waits = deepened || second;
  while (!reader.atEnd) {
    const line = reader.line();
    if (line === undefined && !waits) break;
    if (line === undefined) {
      waits = second;
      continue;
    }
    const [word = ''] = line.split(' ', 1);
    if (BEFORE_PACK.has(word)) break;
    mark(line, marks);
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
