// Field paths as valueFrom.fieldRef writes them: metadata.name, metadata.labels['a.b/c'], spec.template.spec.containers[0].image.

const STEP = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/y;

/** The text, number or boolean at a path, as text; undefined where there is none. Own properties only. */
export function fieldValue(object: object, path: string): string | undefined {
  const keys = keysOf(path);
  if (keys === undefined) return undefined;
  let at: unknown = object;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : undefined;
}

function keysOf(path: string): string[] | undefined {
  const keys: string[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const step = STEP.exec(path);
    if (step === null) return undefined;
    keys.push(step[1] ?? step[2] ?? step[3] ?? step[4] ?? '');
  }
  return keys;
}
