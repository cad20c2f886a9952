/** Time for tests: nobody waits for it, and a machine that stalls does not make it pass. */
import { ClientRequest, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';

const { nodeTiming } = performance;
/** Turns of the event loop without anything new until it counts as idle. Between two sockets of a process it is one. */
const IDLE_TURNS = 6;
/** Work of the thread pool that Node tells of: files and host names. */
const THREADS_WORK = /^(FSReq|GetAddrInfo|GetNameInfo)/;

type Transform = (chunk: Buffer, encoding: string, done: () => void) => void;
type Compressor = { _transform: Transform };
const compressors = Object.getPrototypeOf(
	Object.getPrototypeOf(Object.getPrototypeOf(createGzip())),
) as Compressor;
const { _transform: compress } = compressors;
const { writeHead } = ServerResponse.prototype;

/** Work of the thread pool that Node doesn't tell of. */
let compressing = 0;
let stop: (() => Promise<void>) | undefined;

/** How many events the process has got from the system, including those of its own sockets. */
const countEvents = () => (nodeTiming as { uvMetricsInfo?: { events: number } }).uvMetricsInfo?.events ?? 0;
const areThreadsBusy = () =>
	compressing > 0 || process.getActiveResourcesInfo().some((name) => THREADS_WORK.test(name));

/** Resolves when only a timer can make something happen. */
async function untilIdle(): Promise<void> {
	for (let turns = 0, seen = -1; turns < IDLE_TURNS; turns++) {
		await turn();
		const events = countEvents();
		if (events !== seen || (turns === IDLE_TURNS - 1 && areThreadsBusy())) turns = 0;
		seen = events;
	}
}

/** Goes to the next timer. Node makes at least 1 ms of a timer's time, fake timers make nothing of a fraction. */
function step(): void {
	const beforeMs = Date.now();
	jest.advanceTimersToNextTimer();
	if (Date.now() === beforeMs) jest.advanceTimersByTime(1);
}

/** Replaces a method. @returns puts it back */
function replace<T, Name extends keyof T>(owner: T, name: Name, replacement: T[Name]) {
	const original = owner[name];
	owner[name] = replacement;
	return () => (owner[name] = original);
}

/** The time limit of a request is Node's own timer, which is not faked. It counts while nothing comes. */
function limitRequest(this: ClientRequest, ms: number, onTimeout?: () => void): ClientRequest {
	if (onTimeout) this.once('timeout', onTimeout);
	if (ms === 0) return this;
	let received = 0;
	const check = () => {
		const { bytesRead = 0 } = this.socket ?? {};
		if (bytesRead === received) this.emit('timeout');
		received = bytesRead;
		timer = setTimeout(check, ms);
	};
	let timer = setTimeout(check, ms);
	this.once('close', () => clearTimeout(timer));
	return this;
}

/** Node's own timer, too. */
function limitSignal(ms: number): AbortSignal {
	const controller = new AbortController();
	setTimeout(() => controller.abort(new DOMException('Too late', 'TimeoutError')), ms);
	return controller.signal;
}

/** What a server says that the time is: Node keeps it for a second of its own. */
function writeDatedHead(this: ServerResponse, ...head: Parameters<typeof writeHead>): ServerResponse {
	if (!this.hasHeader('date')) this.setHeader('date', new Date().toUTCString());
	return writeHead.apply(this, head);
}

function countCompressing(this: Compressor, chunk: Buffer, encoding: string, done: () => void): void {
	compressing++;
	compress.call(this, chunk, encoding, (...results) => {
		compressing--;
		done(...results);
	});
}

/** From here on the clock jumps to the next timer whenever nothing else happens. `stopSkipping` ends that. */
export function skipIdleTime(): void {
	jest.useFakeTimers({
		doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'hrtime'],
	});
	const restores = [
		replace(ClientRequest.prototype, 'setTimeout', limitRequest),
		replace(AbortSignal, 'timeout', limitSignal),
		replace(ServerResponse.prototype, 'writeHead', writeDatedHead as typeof writeHead),
		replace(compressors, '_transform', countCompressing),
	];
	let isOver = false;
	const run = async () => {
		while (!isOver) {
			await untilIdle();
			if (!isOver) step();
		}
	};
	const running = run();
	stop = async () => {
		isOver = true;
		await running;
		for (const restore of restores) restore();
		jest.useRealTimers();
	};
}

/** To be called when a test ends. */
export async function stopSkipping(): Promise<void> {
	await stop?.();
	stop = undefined;
}
