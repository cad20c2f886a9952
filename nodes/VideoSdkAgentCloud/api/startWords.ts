/** The words that messages use for what a request starts or creates. */
export interface StartWords {
	/** The field of the API's record that identifies it. */
	idField: string;
	/** What it's called, such as "call". Its plural has an s. */
	one: string;
	/** What the request does, such as "made". */
	started: string;
	/** How the user finds out whether it exists. */
	check: string;
	/** What the user can do about those that were started before the node stopped. Default: nothing needs to be done */
	goOn?: string;
	/** The sentence that nothing was started, where users have more to fear than costs. */
	none?: string;
}

/** What the requests of this package can start. No such request is sent again if it may have been carried out. */
export const STARTS = {
	session: {
		idField: 'sessionId',
		one: 'session',
		started: 'started',
		check: 'Before you start again, check with Session: Get Many.',
		goOn: "n8n doesn't end sessions when a node stops. To end one now, use Session: End. To see how one went, use Session: Get.",
	},
	dispatch: {
		idField: 'roomId',
		one: 'agent',
		started: 'dispatched',
		check: 'Before you dispatch again, check the room.',
	},
	call: {
		idField: 'callId',
		one: 'call',
		started: 'made',
		check: 'Before you call again, look for the number with Call: Get Many.',
		goOn: "n8n doesn't hang up when a node stops. To end a call now, use Call: Hang Up. To see how one went, use Call: Get.",
		none: 'No one was called in this run of the node.',
	},
	transfer: {
		idField: 'callId',
		one: 'transfer',
		started: 'requested',
		check: 'Before you transfer again, check with Call: Get.',
	},
	transcription: {
		idField: 'id',
		one: 'transcription',
		started: 'started',
		check: 'Before you start again, use Transcription: Stop Realtime.',
	},
	room: {
		idField: 'roomId',
		one: 'room',
		started: 'created',
		check: 'Before you create the room again, look for it with Room: Get Many.',
	},
	deploy: {
		idField: 'agentId',
		one: 'agent',
		started: 'deployed',
		check: 'Before you deploy again, look for the agent in the VideoSDK dashboard.',
	},
} satisfies Record<string, StartWords>;

export type StartKind = keyof typeof STARTS;
