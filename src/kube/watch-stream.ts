// Reads the body of a watch: one JSON object per line, in pieces that know nothing of lines.
import { ConnectionError, errorFromStatus } from './errors.ts';
import type { Identified, WatchEvent } from './types.ts';

type WireEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: Identified }
  | { type: 'ERROR'; object: { message?: string; reason?: string; code?: number } };

/** The events of a watch. Throws ApiError for an ERROR event, ConnectionError when the body breaks off or is not JSON. */
export async function* watchEvents<T extends Identified>(body: AsyncIterable<string>): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(body)) {
    const event = parse<T>(line);
    if (event.type === 'ERROR') throw errorFromStatus(event.object);
    if (event.type === 'BOOKMARK') {
      yield { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion ?? '' };
    } else {
      yield event;
    }
  }
}

function parse<T>(line: string): WireEvent<T> {
  try {
    return JSON.parse(line) as WireEvent<T>;
  } catch {
    throw new ConnectionError(`a watch sent something that is not an event: ${line.slice(0, 80)}`);
  }
}

async function* lines(body: AsyncIterable<string>): AsyncGenerator<string> {
  let pending: string[] = [];
  const iterator = broken(body);
  for await (const piece of iterator) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      const line = pending.join('') + piece.slice(start, end);
      pending = [];
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < piece.length) pending.push(piece.slice(start));
  }
  if (pending.join('').trim() !== '') throw new ConnectionError('a watch ended in the middle of an event');
}

async function* broken(body: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* body;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`a watch broke off: ${why}`, { cause: error });
  }
}
