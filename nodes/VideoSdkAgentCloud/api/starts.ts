/** What a request starts or creates, in the words that messages use for it. */
interface StartWords {
	/** The field of the API's record that identifies it. */
	idField: string;
	one: string;
	several: string;
	/** What the request does to it. */
	started: string;
	/** How the user finds out whether it exists, and what to do then. */
	check: string;
	/** What the user can do with those that were started before the node stopped. Default: nothing needs to be done */
	goOn?: string;
}

/** What the requests of this package can start. No such request is sent again if the first one may have been carried out. */
export const STARTS = {
	session: {
		idField: 'sessionId',
		one: 'session',
		several: 'sessions',
		started: 'started',
		check: 'check with Session: Get Many before you start the session again.',
		goOn: 'Sessions that were started are running and cost money. End them with Session: End, or poll them with Session: Wait for Status.',
	},
	dispatch: {
		idField: 'roomId',
		one: 'agent',
		several: 'agents',
		started: 'dispatched',
		check: 'check the room before you dispatch the agent again.',
	},
	call: {
		idField: 'callId',
		one: 'call',
		several: 'calls',
		started: 'made',
		check: "check with Call: Get Many before you call again, and enter the number in 'Search'.",
		goOn: 'Calls that were made are not ended. Hang them up with Call: Hang Up, or see how they went with Call: Get.',
	},
	transfer: {
		idField: 'callId',
		one: 'transfer',
		several: 'transfers',
		started: 'requested',
		check: 'check with Call: Get before you transfer the call again.',
	},
	transcription: {
		idField: 'id',
		one: 'transcription',
		several: 'transcriptions',
		started: 'started',
		check: 'check with Transcription: Get Many before you start the transcription again.',
	},
	room: {
		idField: 'roomId',
		one: 'room',
		several: 'rooms',
		started: 'created',
		check: 'check with Room: Get Many before you create the room again.',
	},
	deployment: {
		idField: 'id',
		one: 'deployment',
		several: 'deployments',
		started: 'created',
		check: 'check with Deployment: Get Many before you create the deployment again.',
	},
} satisfies Record<string, StartWords>;

export type StartKind = keyof typeof STARTS;
