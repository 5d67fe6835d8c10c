// When V8 compiles a function to optimised code: eight times later than it does by itself. A controller mostly waits and then does much at
// once, and what is compiled in such a burst costs more CPU and memory than it gives back; what stays hot is compiled as ever. Measured by
// `npm run bench -- --scenario wave`: an eighth of its CPU.
import { setFlagsFromString } from 'node:v8';

/** The flag that says so, for a version of V8: its name changed with Node 22, and the former name is refused there. */
export function compilerFlag(v8: string): string {
  return Number.parseInt(v8, 10) < 12 ? '--interrupt-budget=540000' : '--invocation-count-for-turbofan=24000';
}

/** For this process, from here on. */
export const compileLater = (): void => setFlagsFromString(compilerFlag(process.versions.v8));
