// The command line from outside: what a person reads who types something wrong.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

function sluice(args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

describe('sluice on the command line', () => {
  it('lists the commands for one that there is not, also where an object has such a name by nature', () => {
    const { status, stderr } = sluice(['constructor']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^sluice: there is no command "constructor"\n\nsluice: .*\n\nusage: /);
  });

  it('answers a wrong option with one line and where to read about it', () => {
    const { status, stderr } = sluice(['controller', '--listen', 'abc']);
    expect(status).toBe(2);
    expect(stderr).toBe(
      'sluice: --listen abc: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080\nsee: sluice controller --help\n',
    );
  });

  it('says that a kubeconfig does not exist', () => {
    const { status, stderr } = sluice(['controller', '--kubeconfig', '/does/not/exist']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^sluice: kubeconfig \/does\/not\/exist does not exist: give an existing file/);
  });
});
