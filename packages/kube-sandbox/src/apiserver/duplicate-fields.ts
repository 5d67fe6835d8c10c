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
  let key: string | undefined;
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const top = stack.at(-1);
    if (token === '{' || token === '[') {
      stack.push({ path: placeOf(top, key), keys: token === '{' ? new Set() : undefined, index: 0 });
    } else if (token === '}' || token === ']') stack.pop();
    else if (token === ',' && top !== undefined) top.index++;
    else if (token === ':') key = note(top, previous, found);
    previous = token;
  }
  return found;
}

function note(top: Frame | undefined, quoted: string, found: string[]): string {
  const key = JSON.parse(quoted) as string;
  if (top?.keys?.has(key) === true) found.push(join(top.path, key));
  top?.keys?.add(key);
  return key;
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

function placeOf(parent: Frame | undefined, key: string | undefined): string {
  if (parent === undefined) return '';
  return parent.keys === undefined ? `${parent.path}[${parent.index}]` : join(parent.path, key ?? '');
}
