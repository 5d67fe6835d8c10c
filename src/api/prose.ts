// Texts of a status that are words for people. They may quote anything: what a server said, what a person wrote; so they are cleaned of
// secrets before they are recorded. All other texts are names, hashes, times and words of a fixed set, by which things are decided.

/** Paths below the status; `[]` stands for each item of a list. */
export type Prose = readonly string[];

const CONDITIONS = 'conditions[].message';

export const ROLLOUT_PROSE: Prose = [
  'message',
  CONDITIONS,
  'machine.reason',
  'lastCommand.value',
  'lastCommand.by',
  'lastCommand.outcome',
  'release.command.value',
  'release.command.by',
  'release.earlierCommands[].value',
  'release.earlierCommands[].by',
  'history[].reason',
  'history[].command.value',
  'history[].command.by',
  'history[].earlierCommands[].value',
  'history[].earlierCommands[].by',
  'recentEvents[].message',
  'canary.currentStepAnalysisRunStatus.message',
  'canary.currentBackgroundAnalysisRunStatus.message',
  'blueGreen.prePromotionAnalysisRunStatus.message',
  'blueGreen.postPromotionAnalysisRunStatus.message',
];

/** What was measured is evidence, and stays as it is. */
export const RUN_PROSE: Prose = [
  'message',
  'forecast.message',
  'metricResults[].message',
  'metricResults[].measurements[].message',
];

export const APPLICATION_PROSE: Prose = [
  'message',
  CONDITIONS,
  'resources[].message',
  'resources[].health.message',
  'health.message',
  'hooks.runs[].message',
  'hooks.ending[].message',
  'signature.signer',
  'overrides[].reason',
  'overrides[].by',
  'holds[].reason',
  'holds[].writeBack.message',
  'withdrawals[].why',
  'history[].result',
];

/** The same status with each of these texts cleaned; itself where nothing was to be cleaned. */
export const withProse = <S extends object>(status: S, prose: Prose, clean: (text: string) => string): S =>
  prose.reduce<S>((after, path) => changed(after, path.replaceAll('[]', '.[]').split('.'), clean) as S, status);

function changed(value: unknown, [first, ...rest]: readonly string[], clean: (text: string) => string): unknown {
  if (first === undefined) return typeof value === 'string' ? clean(value) : value;
  if (first === '[]') return Array.isArray(value) ? changedItems(value, rest, clean) : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return value;
  const before = (value as Record<string, unknown>)[first];
  const after = changed(before, rest, clean);
  return after === before ? value : { ...value, [first]: after };
}

function changedItems(items: readonly unknown[], path: readonly string[], clean: (text: string) => string): unknown {
  const after = items.map((item) => changed(item, path, clean));
  return after.every((item, index) => item === items[index]) ? items : after;
}
