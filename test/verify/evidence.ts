/** A JSON object of the API. */
export type Json = Record<string, unknown>;

/** A request and its answer. */
export interface Exchange {
	/** Why the request was sent, as in `read.ts` and `trials.ts`. */
	step: string;
	/** As in test/schemas/api.ts. */
	endpoint: string;
	query: Record<string, string>;
	body?: Json;
	/** 0: no answer came. */
	status: number;
	answer: unknown;
}

/** An event that came to our address. */
export interface Received {
	/** The last part of the address it was sent to. */
	to: 'session' | 'call' | 'room';
	headers: Record<string, string>;
	body: Json;
	/** Whether `videosdk-signature` fits the bytes and the published key. */
	isSigned: boolean;
}

export const isObject = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});

/** What the API was seen to do. */
export class Evidence {
	readonly exchanges: Exchange[] = [];
	readonly events: Received[] = [];
	/** What was called, as the answer named it. */
	callId = '';

	at(step: string): Exchange | undefined {
		return this.exchanges.find((exchange) => exchange.step === step && exchange.status !== 0);
	}

	succeeded(step: string): boolean {
		const { status = 0 } = this.at(step) ?? {};
		return status >= 200 && status < 300;
	}

	/** The status as text; undefined if the request was not sent or got no answer. */
	status(step: string): string | undefined {
		const status = this.at(step)?.status;
		return status === undefined ? undefined : String(status);
	}

	/** The JSON object of a success; else empty. */
	answer(step: string): Json {
		return this.succeeded(step) ? objectOf(this.at(step)?.answer) : {};
	}

	/** The rows of a list, under whatever name they are answered. */
	rows(step: string): Json[] {
		const { answer } = (this.succeeded(step) && this.at(step)) || {};
		const rows = Array.isArray(answer) ? answer : Object.values(objectOf(answer)).find(Array.isArray);
		return ((rows ?? []) as unknown[]).filter(isObject);
	}

	/** The record in an answer, wrapped in `data` or bare. */
	record(step: string): Json {
		const answer = this.answer(step);
		return isObject(answer.data) ? answer.data : answer;
	}

	/** Those of our session, or those that name our call. */
	eventsOf(to: Received['to']): Received[] {
		const isOurs = ({ body }: Received): boolean =>
			to !== 'call' || JSON.stringify(body).includes(this.callId);
		return this.events.filter((event) => event.to === to && isOurs(event));
	}
}

export const dataOf = ({ body }: Received): Json => objectOf(body.data);
