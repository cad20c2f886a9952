/** What becomes of a call. */
export interface CallBehaviour {
	outcome: 'answered' | 'missed' | 'not-answered' | 'rejected' | 'failed' | 'abandoned';
	/** Milliseconds until it rings; null: never. */
	ringAfterMs: number | null;
	/** How long it rings, in milliseconds, unless `ringingTimeout` is shorter; null: until it is moved on by hand. */
	ringForMs: number | null;
	/** From the answer to the end, in milliseconds, unless `maxCallDuration` is shorter; null: until it is ended. */
	talkMs: number | null;
}

export const DEFAULT_BEHAVIOUR: CallBehaviour = {
	outcome: 'answered',
	ringAfterMs: 20,
	ringForMs: 50,
	talkMs: 200,
};

/** Numbers that have an outcome of their own, whatever was set for all calls. */
export const CALL_NUMBERS = {
	missed: '+15550100001',
	'not-answered': '+15550100002',
	rejected: '+15550100003',
	failed: '+15550100004',
} as const satisfies Partial<Record<CallBehaviour['outcome'], string>>;
