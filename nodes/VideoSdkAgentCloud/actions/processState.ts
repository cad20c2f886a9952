import { WaitState } from '../waiting/waitState';
import { StartState } from './start/startState';

/** What the action keeps in memory. It's made once per process. */
export class ProcessState {
	readonly starts = new StartState();
	readonly waits = new WaitState();
}
