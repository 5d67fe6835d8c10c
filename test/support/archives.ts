// Archives of charts as `helm package` makes them, and as nobody should: a tar of files, zipped.
import { gzipSync } from 'node:zlib';

export interface Entry {
  name: string;
  content: string | Uint8Array;
  /** Type flag of the entry. Default `0`, a file. */
  type?: string;
  /** What the header says in the place of its size. */
  size?: number;
}

const BLOCK = 512;

function header({ name, content, type = '0', size = Buffer.byteLength(content) }: Entry): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\0', 100, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** A `.tgz` of these entries. */
export function archiveOf(...entries: Entry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content);
    const rest = (BLOCK - (content.byteLength % BLOCK)) % BLOCK;
    return [header(entry), content, Buffer.alloc(rest)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}
