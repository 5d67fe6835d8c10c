// `sluice plan`: what a change would do, before it is merged: both sides read as the agent would, compared, and told.
import { describeFinding } from '../plan/finding.ts';
import { planChange, type Planned } from '../plan/plan.ts';
import { jsonReport } from '../plan/report/json.ts';
import { markdownReport } from '../plan/report/markdown.ts';
import { textReport } from '../plan/report/text.ts';
import type { Plan } from '../plan/types.ts';
import { findTools } from '../source/render/toolbox.ts';
import type { RenderContext } from '../source/render/render.ts';
import { read, withTools, type Files, type Reading, type Subject, type Tools } from './checkout.ts';
import { ownOutput, printable, type Output } from './output.ts';
import { targetsOf, type Target } from './plan-applications.ts';
import { parsePlanOptions, type PlanOptions } from './plan-options.ts';
import { sidesOf, type Sides } from './plan-revisions.ts';

/** Resolves to the exit code: 1 where something would be refused. Throws UsageError, and GitError where a revision cannot be read. */
export async function plan(options: PlanOptions, output: Output): Promise<number> {
  const sides = await sidesOf(options, output.cwd);
  const { targets, notes, problems, areFound } = await targetsOf(options, sides, output.cwd);
  for (const finding of problems) output.err(printable(describeFinding(finding)));
  const tools = { paths: findTools(options.tools), kubeVersion: options.kubeVersion };
  const applications = await withTools(tools, async (rendering) => {
    const planned: Planned[] = [];
    for (const target of targets) planned.push(await plannedOf(target, sides, tools, rendering));
    return planned;
  });
  const [from, to] = [sides.from.revision, sides.to.revision];
  const all = [...notes, ...problems.map((finding) => describeFinding(finding))];
  const made = planChange({ from, to, applications, notes: all, leavesUntouched: areFound });
  output.out(report({ ...made, refused: made.refused || problems.length > 0 }, options, output));
  return made.refused || problems.length > 0 ? 1 : 0;
}

async function plannedOf(target: Target, sides: Sides, tools: Tools, rendering: RenderContext): Promise<Planned> {
  const { before, after, refused, ...named } = target;
  const reading = (subject: Subject | undefined, files: Files): Promise<Reading> | undefined =>
    subject && read(files, subject, tools, rendering);
  const was = await reading(before, sides.from.files);
  const now = await reading(after, sides.to.files);
  if (refused)
    return { ...named, before: was && sideOf(was), after: { declared: undefined, problems: refused }, notes: [] };
  // A path that was not there declared nothing.
  const isNew = was?.isMissing === true && now !== undefined;
  const told = now === undefined ? { notes: [] } : { rendered: now.rendered, notes: now.notes };
  return { ...named, before: isNew ? undefined : was && sideOf(was), after: now && sideOf(now), ...told };
}

const sideOf = ({ checked, problems }: Reading): NonNullable<Planned['before']> => ({
  declared: checked?.declared,
  problems,
});

function report(made: Plan, { format }: PlanOptions, { isTerminal }: Output): string {
  switch (format) {
    case 'json':
      return jsonReport(made);
    case 'markdown':
      return markdownReport(made);
    case 'text':
      return textReport(made, { isColored: isTerminal });
  }
}

/** The command. */
export const runPlan = (argv: readonly string[]): Promise<number> => plan(parsePlanOptions(argv), ownOutput());
