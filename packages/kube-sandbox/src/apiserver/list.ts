// LIST: selectors, resource versions, and chunks with continue tokens.
import type { Call } from './call.ts';
import { outgoing } from './call.ts';
import { StatusError, badRequest, expired, invalidOptions, resourceVersionTooLarge } from './errors.ts';
import type { Dict } from './json.ts';
import { numberOr, textOr } from './json.ts';
import type { ResourceType } from './resource.ts';
import type { Match } from './selectors.ts';
import { fieldMatch, labelMatch } from './selectors.ts';

const TOO_OLD_TOKEN =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** The label and field selectors of a request, as one predicate over outgoing objects. Errors: 400. */
export function selectorOf(type: ResourceType, query: URLSearchParams): Match {
  const labels = labelMatch(query.get('labelSelector') ?? '');
  const fields = fieldMatch(query.get('fieldSelector') ?? '', type.fields);
  return (object) => labels(object) && fields(object);
}

/** A resourceVersion parameter as a number; absent and empty are undefined. Errors: 400. */
export function readVersion(value: string | null): number | undefined {
  if (value === null || value === '') return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const why = `strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`;
  throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(value)}: ${why}`);
}

const forbidden = (field: string, message: string): StatusError =>
  invalidOptions('ListOptions', [{ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field }]);

function checkOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  if (query.has('sendInitialEvents')) throw forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (match === '') return;
  if (version === '')
    throw forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && version === '0')
    throw forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (match !== 'Exact' && match !== 'NotOlderThan')
    throw invalidOptions('ListOptions', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
        field: 'resourceVersionMatch',
      },
    ]);
}

interface Token {
  revision: number;
  start: string;
}

const encodeToken = (token: Token): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: `${token.start}\u0000` })).toString(
    'base64url',
  );

function decodeToken(text: string): Token {
  try {
    const value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Dict;
    if (value['v'] !== 'meta.k8s.io/v1' || textOr(value['start']) === '') throw new Error('not a token of this server');
    return { revision: numberOr(value['rv']), start: textOr(value['start']).replace(/\0$/, '') };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`continue key is not valid: ${why}`.replace(/^/, 'invalid continue token: '));
  }
}

/** 0: all of it, as always where it comes from the cache. Errors: 400. */
function readLimit(query: URLSearchParams): number {
  if (query.get('resourceVersion') === '0' && !query.get('continue')) return 0;
  const text = query.get('limit') ?? '';
  if (text === '') return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Math.max(Number(text), 0);
}

/** Where to read: the revision, and after which key. */
function readPosition(call: Call): Token {
  const asked = readVersion(call.query.get('resourceVersion'));
  const text = call.query.get('continue') ?? '';
  if (text === '') return { revision: revisionFor(call, asked), start: '' };
  if (asked !== undefined && asked !== 0)
    throw badRequest('specifying resource version is not allowed when using continue');
  return resumed(call, decodeToken(text));
}

/** Of the first chunk of a list. */
function revisionFor(call: Call, asked: number | undefined): number {
  const { storage } = call.server;
  if (asked !== undefined && asked > storage.revision) throw tooLarge(call, asked);
  if (asked === undefined || call.query.get('resourceVersionMatch') !== 'Exact') return storage.revision;
  if (asked <= storage.compacted && asked !== storage.revision)
    throw expired('The resourceVersion for the provided list is too old.');
  return asked;
}

/** Of a further chunk: of the same revision, or of the newest where the token says that it may differ. */
function resumed(call: Call, token: Token): Token {
  const { storage } = call.server;
  if (token.revision < 0) return { ...token, revision: storage.revision };
  if (token.revision > storage.compacted) return token;
  throw expired(TOO_OLD_TOKEN, encodeToken({ ...token, revision: -1 }));
}

function tooLarge(call: Call, asked: number): StatusError {
  const error = resourceVersionTooLarge(asked, call.server.storage.revision);
  if (call.query.get('resourceVersionMatch') !== 'Exact') return error;
  const { retryAfterSeconds: _none, ...details } = error.details ?? {};
  return new StatusError({ code: error.code, message: error.message, reason: error.reason, details });
}

export function listObjects(
  call: Call,
  type: ResourceType,
  namespace: string | undefined,
): { items: Dict[]; metadata: Dict } {
  checkOptions(call.query);
  const matches = selectorOf(type, call.query);
  const limit = readLimit(call.query);
  const position = readPosition(call);
  const prefix = namespace === undefined ? '' : `${namespace}/`;
  const start = `${prefix}${position.start}`;
  const rest = call.server.storage
    .listAt(type.bucket, prefix, position.revision)
    .filter(([key]) => position.start === '' || key > start)
    .map(([key, object]) => [key, outgoing(type, object)] as const)
    .filter(([, object]) => matches(object));
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const left = rest.length - page.length;
  const isSelective = call.query.get('labelSelector') || call.query.get('fieldSelector');
  const metadata: Dict = { resourceVersion: String(position.revision) };
  if (left > 0) {
    const last = page.at(-1)?.[0] ?? '';
    metadata['continue'] = encodeToken({ revision: position.revision, start: last.slice(prefix.length) });
    if (!isSelective) metadata['remainingItemCount'] = left;
  } else if (!type.builtin) metadata['continue'] = '';
  return { items: page.map(([, object]) => object), metadata };
}
