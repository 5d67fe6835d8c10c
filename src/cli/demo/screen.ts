// How the demo shows: a picture redrawn in place on a terminal, else plain lines.
import { shortCommit } from '../../api/revision.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Moment, Picture } from './story.ts';

const COLOURS = { plain: '', good: '\u001b[32m', bad: '\u001b[31m' };
const [RESET, BOLD, DIM] = ['\u001b[0m', '\u001b[1m', '\u001b[2m'];

export interface Screen {
  moment(moment: Moment): void;
  heading(text: string): void;
  /** Redraws the picture; does nothing where there is none. */
  draw(picture: Picture): void;
  /** Leaves what is shown and prints below it. */
  end(text: string): void;
}

const stamp = (at: number, start: number): string => `${((at - start) / 1000).toFixed(1).padStart(6)} s`;

export function plainScreen(out: NodeJS.WritableStream, start: number): Screen {
  return {
    moment: ({ at, text }) => void out.write(`${stamp(at, start)}  ${text}\n`),
    heading: (text) => void out.write(`\n${text}\n`),
    draw() {},
    end: (text) => void out.write(`\n${text}\n`),
  };
}

function bar(percent: number, width: number): string {
  const filled = Math.round((percent / 100) * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}

const TONES: Record<string, string> = { Healthy: COLOURS.good, Degraded: COLOURS.bad };

/** `1/8` in the status says how many are done; the message beside it names the one that is under way. */
function progress(step: string | undefined): string {
  const [done, all] = step?.split('/') ?? [];
  return done === undefined || all === undefined ? '' : `${done} of ${all} steps done`;
}

function headline({ status }: Rollout): string {
  const { phase = '', step, revision } = status ?? {};
  const commit = revision === undefined ? '' : `${shortCommit(revision.commit)} ${revision.subject ?? ''}`;
  return `${BOLD}rollout/web${RESET}  ${TONES[phase] ?? ''}${phase}${RESET}  ${progress(step)}  ${DIM}${commit}${RESET}`;
}

function pictureLines({ rollout, application, canaryWeight, successRate }: Picture): string[] {
  if (rollout === undefined) return ['rollout/web is not there yet'];
  const rate = successRate === undefined ? 'no requests' : `${(successRate * 100).toFixed(1)} % succeed`;
  const share = (percent: number): string => `${bar(percent, 40)} ${String(percent).padStart(3)} %`;
  const message = rollout.status?.message || application?.status?.message || '';
  return [
    headline(rollout),
    `  new revision  ${share(canaryWeight)}   ${rate}`,
    `  stable        ${share(100 - canaryWeight)}`,
    `  ${DIM}${message}${RESET}`,
  ];
}

export function liveScreen(out: NodeJS.WriteStream, start: number): Screen {
  let shown = 0;
  let last: string[] = [];
  const erase = (): void => {
    if (shown > 0) out.write(`\u001b[${shown}A\u001b[0J`);
    shown = 0;
  };
  const show = (): void => {
    const width = (out.columns ?? 120) - 1;
    // A line that wraps would be two lines to erase.
    out.write(last.map((line) => `${cut(line, width)}\n`).join(''));
    shown = last.length;
  };
  const print = (text: string): void => {
    erase();
    out.write(`${text}\n`);
    show();
  };
  return {
    moment: ({ at, text, tone }) => print(`${DIM}${stamp(at, start)}${RESET}  ${COLOURS[tone]}${text}${RESET}`),
    heading: (text) => print(`\n${BOLD}${text}${RESET}`),
    draw(picture) {
      erase();
      last = ['', ...pictureLines(picture)];
      show();
    },
    end(text) {
      erase();
      last = [];
      out.write(`\n${text}\n`);
    },
  };
}

/** Cuts a text with colour codes to a width, codes not counted. */
function cut(text: string, width: number): string {
  let seen = 0;
  // eslint-disable-next-line no-control-regex
  const parts = text.split(/(\u001b\[[0-9;]*m)/);
  return parts
    .map((part, i) => {
      if (i % 2 === 1) return part;
      const kept = part.slice(0, Math.max(0, width - seen));
      seen += kept.length;
      return kept;
    })
    .join('');
}
