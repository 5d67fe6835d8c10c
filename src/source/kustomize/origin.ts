// Which file declares what Kustomize printed: it says so itself when the kustomization asks, which is added in the temporary copy.
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../api/json.ts';
import { parseDocument, YamlError } from '../../application/source/yaml.ts';
import { within } from '../paths.ts';
import { folderOf } from './paths.ts';

/** The annotation by which it says so. */
export const ORIGIN = 'config.kubernetes.io/origin';
const ASKED = 'originAnnotations';

/** The text of a kustomization that asks for origins; undefined where it does so already, or cannot be made to line by line. */
export function withOrigins(text: string): string | undefined {
  const before = parsed(text);
  if (before === undefined) return undefined;
  const { buildMetadata = [], ...others } = before;
  if (!Array.isArray(buildMetadata) || buildMetadata.includes(ASKED)) return undefined;
  const asking = [...buildMetadata, ASKED];
  const kept = withoutKey(text, 'buildMetadata');
  const after = `${kept}${kept.endsWith('\n') ? '' : '\n'}buildMetadata: ${JSON.stringify(asking)}\n`;
  return isDeepStrictEqual(parsed(after), { ...others, buildMetadata: asking }) ? after : undefined;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = parseDocument(text);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** The lines of a block mapping without one of its keys. */
function withoutKey(text: string, key: string): string {
  let inside = false;
  const kept = text.split('\n').filter((line) => {
    if (/^[^\s#-]/.test(line)) inside = line.startsWith(`${key}:`);
    return !inside;
  });
  return kept.join('\n');
}

/** The file that an origin names, where it is one that went in. */
export function declaringFile(origin: string, entry: string, files: ReadonlyMap<string, unknown>): string | undefined {
  const said = parsed(origin) ?? {};
  const named = said['path'] ?? said['configuredIn'];
  const path = typeof named === 'string' ? within(folderOf(entry), named) : undefined;
  return path !== undefined && files.has(path) ? path : undefined;
}
