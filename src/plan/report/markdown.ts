// A plan for a comment on a pull request. The first line is hidden: a bot finds its own comment by it, and writes it anew.
import { describeFinding } from '../finding.ts';
import type { ApplicationPlan, ObjectChange, Plan, RolloutChange } from '../types.ts';
import * as words from './words.ts';

/** By which the comment is found again. */
const MARKER = '<!-- sluice plan -->';
/** A comment on GitHub may have 65,536 characters. */
const MOST_CHARS = 60_000;

/** Markdown as GitHub, GitLab and Gitea read it, no longer than a comment may be. */
export function markdownReport(plan: Plan): string {
  const { applications, untouched, notes, refused } = plan;
  const head = [
    MARKER,
    `### Sluice: ${refused ? 'this would be refused' : titleOf(plan)}`,
    '',
    `From ${code(words.revisionText(plan.from))} to ${code(words.revisionText(plan.to))}.`,
  ];
  const rest = [
    ...(untouched.length === 0 ? [] : ['', `Nothing changes for ${untouched.map(code).join(', ')}.`]),
    ...listed('Notes', notes),
  ];
  const parts = applications.map((each) => ({ summary: summaryOf(each), diffs: each.objects.flatMap(diffOf) }));
  return fitted(head, parts, rest);
}

function titleOf({ applications }: Plan): string {
  const released = applications.flatMap(({ rollouts }) => rollouts).filter(({ effect }) => effect === 'Released');
  if (released.length > 0) return `${released.length} ${released.length === 1 ? 'release' : 'releases'}`;
  return applications.length === 0 ? 'no Application is touched' : 'no release';
}

interface Part {
  summary: string[];
  diffs: string[];
}

/** Diffs give way to what is said of all Applications; that is cut only where it is too long by itself. */
function fitted(head: readonly string[], parts: readonly Part[], rest: readonly string[]): string {
  const fixed = [...head, ...parts.flatMap(({ summary }) => ['', ...summary]), ...rest].join('\n');
  let left = MOST_CHARS - fixed.length;
  let dropped = 0;
  const bodies = parts.flatMap(({ summary, diffs }) => {
    const kept = diffs.filter((diff) => {
      const fits = (left -= diff.length + 2) > 0;
      if (!fits) dropped++;
      return fits;
    });
    return ['', ...summary, ...kept.flatMap((diff) => ['', diff])];
  });
  const end =
    dropped === 0
      ? []
      : ['', `${dropped} ${dropped === 1 ? 'diff is' : 'diffs are'} left out here; \`sluice plan\` prints them.`];
  const text = [...head, ...bodies, ...rest, ...end].join('\n');
  const cut = text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}\n\n… and more than a comment holds.`;
  return `${cut}\n`;
}

function summaryOf(plan: ApplicationPlan): string[] {
  const prune = words.pruneText(plan);
  const source = words.sourceText(plan);
  return [
    `#### ${code(words.titleText(plan))}: ${plan.problems.length > 0 ? 'refused' : words.countsText(plan)}`,
    ...(source === '' ? [] : ['', code(source)]),
    ...listed('Refused', plan.problems.map(describeFinding)),
    ...plan.rollouts.flatMap(rolloutOf),
    ...(plan.objects.length === 0 ? [] : ['', ...plan.objects.map(objectOf)]),
    ...listed('Hooks', plan.hooks.map(words.hookText)),
    ...(prune === undefined ? [] : ['', `**${code(prune)}**`]),
    ...listed('Notes', plan.notes),
  ];
}

const listed = (title: string, texts: readonly string[]): string[] =>
  texts.length === 0 ? [] : ['', `${title}:`, '', ...texts.map((text) => `- ${code(text)}`)];

function rolloutOf(rollout: RolloutChange): string[] {
  const { reasons, steps } = rollout;
  const time = words.timeText(rollout);
  return [
    '',
    `**${code(words.effectText(rollout))}**${time === undefined ? '' : `: ${time}`}`,
    '',
    ...reasons.map((reason) => `- ${code(reason)}`),
    ...(steps.length === 0 ? [] : ['', ...steps.map(({ text }, index) => `${index + 1}. ${code(text)}`)]),
  ];
}

const objectOf = (object: ObjectChange): string => {
  const fate = object.fate === undefined ? '' : `, ${code(object.fate.why)}`;
  return `- ${object.change.toLowerCase()} ${code(words.objectText(object))} in ${code(words.placeText(object))}${fate}`;
};

function diffOf(object: ObjectChange): string[] {
  if (object.diff === '') return [];
  const fence = fenceFor(object.diff);
  const title = html(words.objectText(object));
  return [
    [
      '<details>',
      `<summary><code>${title}</code></summary>`,
      '',
      `${fence}diff`,
      `${object.diff.trimEnd()}`,
      fence,
      '',
      '</details>',
    ].join('\n'),
  ];
}

/** Longer than any run of it within. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
}

/** What strangers wrote, as it is: no mention, link or picture comes of it. */
function code(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(/\s+/g, ' ');
