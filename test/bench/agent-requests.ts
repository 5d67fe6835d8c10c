// What the agent asked the API server, told apart by what it costs: `dry-run configmaps/c-7`, `status applications/shop`, `list rollouts`.

export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

/** Requests by kind, such as `dry-run`. */
export type RequestCounts = ReadonlyMap<string, number>;

/** One request as its kind and what it is about. */
export function requestName({ method, path }: Request): string {
  const [where = '', query = ''] = path.split('?', 2);
  const parts = where.split('/').filter((part) => part !== '');
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  if (parts[0] === 'openapi' || rest.length === 0) return `discovery ${where}`;
  const [plural = '', name, subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const about = name === undefined ? plural : `${plural}/${name}`;
  return `${kindOf(method, new URLSearchParams(query), { name, subresource })} ${about}`;
}

function kindOf(
  method: string,
  query: URLSearchParams,
  { name, subresource }: { name: string | undefined; subresource: string | undefined },
): string {
  if (query.has('watch')) return 'watch';
  if (query.has('dryRun')) return 'dry-run';
  if (method === 'GET') return name === undefined ? 'list' : 'get';
  if (subresource === 'status') return 'status';
  return method === 'DELETE' ? 'delete' : 'write';
}

export function requestCounts(names: readonly string[]): RequestCounts {
  const counts = new Map<string, number>();
  for (const name of names) {
    const kind = name.split(' ', 1)[0] ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
