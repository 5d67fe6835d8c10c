// A text as it can be read: with its escapes undone (percent, form, JSON, Go, YAML, HTML; several deep), in small letters, with one space
// for each run of white space. Each character knows the piece of the text that it was read from.

export interface View {
  text: string;
  /** Offsets in the original: where what a character was read from begins, and ends. */
  from: number[];
  to: number[];
}

const MAX_VIEWS = 24;
const MAX_DEEP = 3;
const MAX_DETOURS = 64;
/** Characters that a detour is followed for; what is looked for is shorter. */
const DETOUR = 512;

/** The text, and all that it may stand for. */
export function viewsOf(text: string): View[] {
  const first = viewOf(text);
  const views = new Map([[first.text, first]]);
  const detours: View[] = [];
  let last = [first];
  for (let deep = 0; deep < MAX_DEEP; deep++) {
    const next = last.flatMap((view) => undone(view, detours)).filter(({ text: each }) => !views.has(each));
    last = next.slice(0, MAX_VIEWS - views.size);
    for (const view of last) views.set(view.text, view);
  }
  return [...views.values(), ...detours].map(folded);
}

/** The canonical form of a text: that of views, and of what is looked for in them. */
export const canonical = (text: string): string => folded(viewOf(text)).text;

/** Whether a text is its own only view, but for its case. */
export const isPlain = (text: string): boolean => !/[^ -~]|[%+\\&]|''| {2}/.test(text);

function viewOf(text: string): View {
  const view: View = { text: '', from: [], to: [] };
  let at = 0;
  for (const char of text) {
    emit(view, char, at, at + char.length);
    at += char.length;
  }
  return view;
}

function emit(view: View, chars: string, from: number, to: number): void {
  view.text += chars;
  for (let index = 0; index < chars.length; index++) {
    view.from.push(from);
    view.to.push(to);
  }
}

/** In one case, white space in one: what folds lines or indents them changes no more than that. */
function folded({ text, from, to }: View): View {
  const view: View = { text: '', from: [], to: [] };
  let at = 0;
  let isSpace = false;
  for (const char of text) {
    const [begin, end] = [from[at] ?? 0, to[at + char.length - 1] ?? 0];
    at += char.length;
    const wasSpace = isSpace;
    isSpace = /\s/.test(char);
    if (isSpace && wasSpace) view.to[view.to.length - 1] = end;
    else emit(view, isSpace ? ' ' : char.toUpperCase().toLowerCase(), begin, end);
  }
  return view;
}

interface Escape {
  /** What stands in front of a text may look as if it led into it. */
  leads: boolean;
  /** What a text must hold to have such escapes. */
  begins: RegExp;
  /** Sticky. */
  pattern: RegExp;
  /** What a match stands for. */
  read: (match: RegExpExecArray) => string;
}

const HEX = '[0-9a-fA-F]';
const inUtf8 = (hex: string): string => Buffer.from(hex, 'hex').toString('utf8');
const unit = (hex: string): string => String.fromCharCode(parseInt(hex, 16));

function point(hex: string): string {
  const value = parseInt(hex, 16);
  return value > 0x10ffff ? '' : String.fromCodePoint(value);
}

/** The octets of one character in UTF-8; `before` stands in front of each. */
const octets = (before: string): string => `${before}[c-fC-F]${HEX}(?:${before}[89abAB]${HEX}){1,3}|${before}${HEX}{2}`;

const percent: Escape = {
  leads: true,
  begins: /%/,
  pattern: new RegExp(octets('%'), 'y'),
  read: ([text]) => inUtf8(text.replaceAll('%', '')),
};
const form: Escape = {
  leads: true,
  begins: /\+/,
  pattern: new RegExp(`\\+|${octets('%')}`, 'y'),
  read: ([text]) => (text === '+' ? ' ' : inUtf8(text.replaceAll('%', ''))),
};

const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\u0007' };
const letter = (name: string, letters: Readonly<Record<string, string>>): string =>
  Object.hasOwn(letters, name) ? (letters[name] ?? '') : name;

const POINTS = `\\\\U(${HEX}{8})|\\\\[uU](${HEX}{4})|\\\\u\\{(${HEX}{1,6})\\}`;
const OCTAL = '\\\\3[0-7]{2}(?:\\\\2[0-7]{2}){1,3}|\\\\[0-3][0-7]{2}';

/** As JSON, JavaScript, Go and C write texts. */
const backslash: Escape = {
  leads: true,
  begins: /\\/,
  pattern: new RegExp(`${POINTS}|(${octets('\\\\x')})|(${OCTAL})|\\\\([^])`, 'y'),
  read: ([, long, short, braced, hex, octal, named = '']) => {
    if (short !== undefined) return unit(short);
    if (long !== undefined || braced !== undefined) return point(long ?? braced ?? '');
    if (hex !== undefined) return inUtf8(hex.replaceAll('\\x', ''));
    if (octal === undefined) return letter(named, LETTERS);
    const bytes = octal.split('\\').slice(1);
    return Buffer.from(bytes.map((each) => parseInt(each, 8))).toString('utf8');
  },
};

const YAML_LETTERS: Readonly<Record<string, string>> = {
  ...LETTERS,
  '0': '\0',
  e: '\u001b',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};

/** In double quotes: `\x` names a character, and a line may be broken anywhere. */
const yaml: Escape = {
  leads: true,
  begins: /\\/,
  pattern: new RegExp(`${POINTS}|\\\\x(${HEX}{2})|\\\\\\r?\\n[ \\t]*|\\\\([^])`, 'y'),
  read: ([, long, short, braced, octet, named = '']) => {
    if (short !== undefined || octet !== undefined) return unit(short ?? octet ?? '');
    if (long !== undefined || braced !== undefined) return point(long ?? braced ?? '');
    return letter(named, YAML_LETTERS);
  },
};
/** YAML in single quotes. */
const quote: Escape = { leads: false, begins: /''/, pattern: /''/y, read: () => "'" };
/** What is cut into lines, as base64 is. */
const lines: Escape = { leads: false, begins: /\n/, pattern: /\s*\n\s*/y, read: () => '' };

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'", nbsp: ' ' };
const html: Escape = {
  leads: false,
  begins: /&/,
  pattern: /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(quot|amp|lt|gt|apos|nbsp));/iy,
  read: ([, hex, decimal, name = '']) => {
    if (hex !== undefined) return point(hex);
    if (decimal !== undefined) return point(Number(decimal).toString(16));
    return ENTITIES[name.toLowerCase()] ?? '';
  },
};

const ESCAPES: readonly Escape[] = [percent, form, backslash, yaml, quote, html, lines];

/** Characters with which an escape begins. */
const BEGINS = /[%+\\&'\s]/;

function tokenAt(text: string, at: number, { pattern, read }: Escape): { stands: string; length: number } {
  pattern.lastIndex = at;
  const match = BEGINS.test(text.charAt(at)) ? pattern.exec(text) : null;
  return match === null ? { stands: text.charAt(at), length: 1 } : { stands: read(match), length: match[0].length };
}

const undone = (view: View, detours: View[]): View[] =>
  ESCAPES.filter(({ begins }) => begins.test(view.text)).map((escape) => undo(view, escape, detours));

function undo(view: View, escape: Escape, detours: View[]): View {
  const plain: View = { text: '', from: [], to: [] };
  const { text, from, to } = view;
  /** Where in the plain text each token is, by its offset. */
  const places = new Map<number, number>();
  const inside: number[] = [];
  for (let at = 0; at < text.length;) {
    const { stands, length } = tokenAt(text, at, escape);
    places.set(at, plain.text.length);
    for (let start = at + 1; start < at + length; start++) {
      // From behind an escape such as `\"` the same is read.
      if (BEGINS.test(text.charAt(start)) || text.slice(start, at + length) !== stands) inside.push(start);
    }
    emit(plain, stands, from[at] ?? 0, to[at + length - 1] ?? 0);
    at += length;
  }
  places.set(text.length, plain.text.length);
  const left = escape.leads ? Math.max(0, MAX_DETOURS - detours.length) : 0;
  for (const start of inside.slice(0, left)) detours.push(readFrom(start, view, escape, { plain, places }));
  return plain;
}

/** What is read by who begins in the middle of an escape. */
function readFrom(
  start: number,
  { text, from, to }: View,
  escape: Escape,
  whole: { plain: View; places: ReadonlyMap<number, number> },
): View {
  const detour: View = { text: '', from: [], to: [] };
  let at = start;
  while (!whole.places.has(at) && detour.text.length < DETOUR) {
    const { stands, length } = tokenAt(text, at, escape);
    emit(detour, stands, from[at] ?? 0, to[at + length - 1] ?? 0);
    at += length;
  }
  const place = whole.places.get(at);
  if (place === undefined) return detour;
  const end = place + Math.max(0, DETOUR - detour.text.length);
  detour.text += whole.plain.text.slice(place, end);
  detour.from.push(...whole.plain.from.slice(place, end));
  detour.to.push(...whole.plain.to.slice(place, end));
  return detour;
}
