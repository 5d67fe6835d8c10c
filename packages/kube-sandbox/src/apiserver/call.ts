// One request on its way through the handlers, and the answers they give.
import type { Access } from './auth/access.ts';
import { ADMIN, type User } from './auth/user.ts';
import type { HttpRequest, HttpResponse } from '../transport.ts';
import type { Dict } from './json.ts';
import { sorted } from './json.ts';
import type { ResourceType } from './resource.ts';
import type { Objects } from './objects.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage.ts';
import type { Clock } from '../clock.ts';

export interface Server {
  storage: Storage;
  registry: Registry;
  objects: Objects;
  clock: Clock;
  access: Access;
  /** Watches in progress; calling one ends it. */
  watches: Set<(ending: 'clean' | 'broken') => void>;
}

export interface Call {
  server: Server;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal | undefined;
  warnings: string[];
  /** Who it counts as, once it has been let in. */
  user: User;
}

export function readCall(server: Server, request: HttpRequest): Call {
  const [path = '/', ...rest] = request.path.split('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  return {
    server,
    method: request.method.toUpperCase(),
    path,
    query: new URLSearchParams(rest.join('?')),
    headers,
    body: request.body ?? '',
    signal: request.signal,
    warnings: [],
    user: ADMIN,
  };
}

/** Who a write is recorded for: the fieldManager, else the first part of the user agent. */
export function managerOf(call: Call): string {
  const given = call.query.get('fieldManager') ?? '';
  return given !== '' ? given : (call.headers['user-agent'] ?? 'unknown').split('/')[0]?.slice(0, 128) || 'unknown';
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export const isTrue = (value: string | null): boolean => value === '1' || value?.toLowerCase() === 'true';

export function textResponse(status: number, text: string, headers: Record<string, string>): HttpResponse {
  return {
    status,
    headers: { 'content-length': String(Buffer.byteLength(text)), ...headers },
    body: once(text),
  };
}

async function* once(text: string): AsyncGenerator<string> {
  await Promise.resolve();
  if (text !== '') yield text;
}

/** An object as it goes out: kinds of CRDs with sorted keys, built-in ones with kind and apiVersion in front. */
export function outgoing(type: ResourceType, object: Dict): Dict {
  const shown = type.view?.fromStored(object) ?? object;
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  if (!type.builtin) return sorted({ ...shown, apiVersion }) as Dict;
  const { kind: _kind, apiVersion: _version, ...rest } = shown;
  return { kind: type.kind, apiVersion, ...rest };
}
