// A plan for people at a terminal.
import { describeFinding } from '../finding.ts';
import type { ApplicationPlan, ObjectChange, Plan, RolloutChange } from '../types.ts';
import * as words from './words.ts';

/** Lines of a diff that are shown of one object. */
const MOST_LINES = 80;

type Color = 'red' | 'green' | 'yellow' | 'cyan' | 'bold';
const CODES: Readonly<Record<Color, number>> = { bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 };
type Paint = (color: Color | undefined, text: string) => string;

/** The plan in lines; colours where they are wanted. */
export function textReport(plan: Plan, { isColored }: { isColored: boolean }): string {
  const paint: Paint = (color, text) =>
    isColored && color !== undefined ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text;
  const lines = [
    `from ${words.revisionText(plan.from)} to ${words.revisionText(plan.to)}`,
    ...plan.applications.flatMap((each) => ['', ...applicationLines(each, paint)]),
    ...restLines(plan, paint),
  ];
  return `${lines.join('\n')}\n`;
}

function restLines({ applications, untouched, notes, refused }: Plan, paint: Paint): string[] {
  const verdict = refused ? paint('red', 'It would be refused.') : undefined;
  return [
    '',
    ...notes.map((note) => `note: ${plain(note)}`),
    ...(untouched.length === 0 ? [] : [`nothing changes for ${untouched.join(', ')}`]),
    ...(applications.length === 0 ? ['No Application is touched.'] : []),
    ...(verdict === undefined ? [] : [verdict]),
  ];
}

function applicationLines(plan: ApplicationPlan, paint: Paint): string[] {
  const { objects, rollouts, hooks, problems, notes } = plan;
  const title = `${words.titleText(plan)}: ${problems.length > 0 ? 'refused' : words.countsText(plan)}`;
  const source = words.sourceText(plan);
  const prune = words.pruneText(plan);
  return [
    plain(source === '' ? title : `${title} (${source})`),
    ...problems.map((problem) => `  ${paint('red', 'refused')} ${plain(describeFinding(problem))}`),
    ...objects.flatMap((object) => objectLines(object, paint)),
    ...rollouts.flatMap((rollout) => rolloutLines(rollout, paint)),
    ...hooks.map((hook) => `  ${plain(words.hookText(hook))}`),
    ...(prune === undefined ? [] : [`  ${paint('yellow', plain(prune))}`]),
    ...notes.map((note) => `  note: ${plain(note)}`),
  ].map((line, index) => (index === 0 ? paint('bold', line) : line));
}

const SIGNS: Readonly<Record<ObjectChange['change'], [sign: string, color: Color]>> = {
  Added: ['+', 'green'],
  Changed: ['~', 'yellow'],
  Removed: ['-', 'red'],
};

function objectLines(object: ObjectChange, paint: Paint): string[] {
  const [sign, color] = SIGNS[object.change];
  const fate = object.fate === undefined ? '' : `: ${object.fate.why}`;
  const head = plain(`${sign} ${words.objectText(object)} (${words.placeText(object)})${fate}`);
  // Of what is new the file itself says it all.
  const diff = object.change === 'Changed' ? diffLines(object.diff, paint) : [];
  return [`  ${paint(color, head)}`, ...diff];
}

const LINE_COLORS: Readonly<Record<string, Color>> = { '+': 'green', '-': 'red', '@': 'cyan' };

function diffLines(diff: string, paint: Paint): string[] {
  const lines = diff.split('\n').slice(0, -1);
  const shown = lines.slice(0, MOST_LINES).map((line) => `      ${paint(LINE_COLORS[line.charAt(0)], plain(line))}`);
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `      … ${more} more lines (--json has them)`] : shown;
}

function rolloutLines(rollout: RolloutChange, paint: Paint): string[] {
  const { reasons, steps, effect } = rollout;
  const time = words.timeText(rollout);
  return [
    `  ${paint(effect === 'Released' ? 'cyan' : undefined, plain(words.effectText(rollout)))}`,
    ...reasons.map((reason) => `    ${plain(reason)}`),
    ...steps.map(({ text }, index) => `      ${index + 1}. ${plain(text)}`),
    ...(time === undefined ? [] : [`    ${time}`]),
  ];
}

/** What a terminal would act on is none of ours. */
const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is taken out
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
