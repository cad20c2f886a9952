/** Something that a request starts and that costs money or reaches a person, in the words that messages use for it. */
interface StartableWords {
	/** The field of the API's record that identifies it. */
	idField: string;
	one: string;
	several: string;
	/** What the request does to it. */
	started: string;
	/** How the user finds out whether it exists, and what to do then. */
	check: string;
}

/** What the requests of this package can start. No such request is sent again if the first one may have been carried out. */
export const STARTABLES = {
	session: {
		idField: 'sessionId',
		one: 'session',
		several: 'sessions',
		started: 'started',
		check: 'check with Session: Get Many before you start the session again.',
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
	},
	transfer: {
		idField: 'callId',
		one: 'transfer',
		several: 'transfers',
		started: 'requested',
		check: 'check with Call: Get before you transfer the call again.',
	},
} satisfies Record<string, StartableWords>;

export type Startable = keyof typeof STARTABLES;
