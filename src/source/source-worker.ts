// The program of a child: nothing but what reads repositories, so that it starts quickly and stays small.
import { runSourceWorker } from './worker.ts';

process.exitCode = await runSourceWorker();
