// What parent and child say to each other, as values that survive the way between processes.
import { splitDocuments } from '../application/source/documents.ts';
import type { KubeObject } from '../api/k8s.ts';
import { ok } from '../api/result.ts';
import type { SourceLimits } from '../ports/source-budget.ts';
import type { SourceContent, SourceResult } from '../ports/source-reader.ts';
import type { Job } from './jobs.ts';
import type { RenderSetup } from './render/render.ts';
import type { LeftBehind } from './render/tool.ts';

/** What a child works with all its life. */
export interface Setup {
  /** Folder under which mirrors live. */
  directory: string | undefined;
  limits: Readonly<SourceLimits>;
  /** Names are resolved by the parent, which knows what is allowed. */
  asksForAddresses: boolean;
  rendering: RenderSetup;
}

export type ToChild =
  | { type: 'job'; setup: Setup; job: Job; timeoutMs: number }
  | { type: 'abort' }
  | { type: 'answer'; id: number; answer: Answer };

export type FromChild =
  | { type: 'result'; result: SourceResult<unknown> }
  | { type: 'ask'; id: number; question: Question }
  /** A tool runs, or none does any more. */
  | { type: 'busy'; left: LeftBehind | undefined };

export type Question =
  { about: 'mayPush' } | { about: 'address'; hostname: string; all: boolean; family: number | undefined };

export type Answer =
  | { about: 'mayPush'; may: boolean }
  | { about: 'address'; addresses: Address[] }
  | { about: 'address'; error: string; code?: string | undefined };

export interface Address {
  address: string;
  family: number;
}

type Flat = Omit<SourceContent, 'manifests'> & {
  flat: [object: KubeObject, path: string, line: number, document: number, rendered?: string][];
};

/** Texts of documents are parts of their files: they go over once. */
export function flattened(result: SourceResult<unknown>): SourceResult<unknown> {
  if (!result.ok || !isContent(result.value)) return result;
  const { manifests, ...rest } = result.value;
  const flat = manifests.map(({ object, source }): Flat['flat'][number] => {
    const { path, line, document, rendered } = source;
    return rendered === undefined ? [object, path, line, document] : [object, path, line, document, rendered];
  });
  return ok({ ...rest, flat } satisfies Flat);
}

/** The inverse of `flattened`. */
export function restored(result: SourceResult<unknown>): SourceResult<unknown> {
  if (!result.ok || !isFlat(result.value)) return result;
  const { flat, ...rest } = result.value;
  const pieces = new Map<string, string[]>();
  for (const [path, text] of rest.files) {
    pieces.set(path, path.endsWith('.json') ? [text] : splitDocuments(text).map((piece) => piece.text));
  }
  const manifests = flat.map(([object, path, line, document, rendered]) => ({
    object,
    source:
      rendered === undefined
        ? { path, line, document, text: pieces.get(path)?.[document] ?? '' }
        : { path, line, document, text: '', rendered },
  }));
  return ok({ ...rest, manifests } satisfies SourceContent);
}

const isContent = (value: unknown): value is SourceContent =>
  typeof value === 'object' && value !== null && 'manifests' in value;
const isFlat = (value: unknown): value is Flat => typeof value === 'object' && value !== null && 'flat' in value;
