// Finds keys that a JSON text names twice in one object; JSON.parse keeps the last without a word.

interface Frame {
  path: string;
  keys: Set<string> | undefined;
  index: number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Paths such as spec.color or spec.items[0].name. The text must be valid JSON. */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const stack: Frame[] = [];
  let here = '';
  let key: string | undefined;
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const top = stack.at(-1);
    if (token === '{' || token === '[') {
      stack.push({ path: placeOf(top, key) ?? here, keys: token === '{' ? new Set() : undefined, index: 0 });
      key = undefined;
    } else if (token === '}' || token === ']') {
      stack.pop();
      here = stack.at(-1)?.path ?? '';
    } else if (token === ',' && top !== undefined) top.index++;
    else if (token === ':' && top?.keys !== undefined) {
      key = JSON.parse(previous) as string;
      if (top.keys.has(key)) found.push(join(top.path, key));
      top.keys.add(key);
    }
    previous = token;
  }
  return found;
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

function placeOf(parent: Frame | undefined, key: string | undefined): string | undefined {
  if (parent === undefined) return '';
  return parent.keys === undefined ? `${parent.path}[${parent.index}]` : join(parent.path, key ?? '');
}
