import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL_TYPE } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import { keepOpenWait, watchFormerWaits } from '../../../nodes/VideoSdkAgentCloud/waiting/openWaits';
import type { StoredWait } from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';
import { watchOf } from '../../../nodes/VideoSdkAgentCloud/waiting/watches';

jest.mock('../../../nodes/VideoSdkAgentCloud/waiting/watches', () => ({ watchOf: jest.fn() }));

const KEYS = { apiKey: 'key', secretKey: 'secret' };
let number = 0;

beforeEach(() => jest.mocked(watchOf).mockClear());

const waitOf = (): StoredWait => ({
	kind: 'call',
	keyHash: 'hash',
	executionId: `execution-${++number}`,
	resumeUrl: 'http://127.0.0.1/',
	deadlineMs: Date.now() + 60_000,
	endIds: [],
});

/** An execution as n8n stores it: two calls, one of which is still going on. */
const stored = (wait: StoredWait, credential = 'own') => ({
	waitTill: new Date() as Date | undefined,
	resultData: { runData: {} },
	executionData: {
		contextData: { 'node:Make and Wait': { agentCloudWait: JSON.stringify(wait) } },
		nodeExecutionStack: [
			{
				node: { name: 'Make and Wait', credentials: { [CREDENTIAL_TYPE]: { id: credential } } },
				data: { main: [[{ json: { callId: 'over' } }, { json: { callId: 'going-on', timedOut: true } }]] },
			},
		],
	},
});

/** An execution that comes after the restart. @param secretKey as the credential holds it */
function nextExecution(openWaits: IDataObject[], data: unknown, secretKey = KEYS.secretKey) {
	const staticData: IDataObject = { openWaits };
	const warn = jest.fn();
	const context = {
		getWorkflowStaticData: () => staticData,
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => ({ id: 'node', name: 'Make and Wait', credentials: { [CREDENTIAL_TYPE]: { id: 'own' } } }),
		getCredentials: async () => KEYS,
		getCredentialsProperties: () => [],
		getMode: () => 'trigger',
		getExecuteData: () => ({}),
		getExecutionDataById: async () => {
			if (data instanceof Error) throw data;
			return data;
		},
		additionalData: { credentialsHelper: { getDecrypted: async () => ({ ...KEYS, secretKey }) } },
		logger: { warn },
	} as unknown as IExecuteFunctions;
	return { context, staticData, warn };
}

const before = ({ executionId, deadlineMs }: StoredWait) => ({ executionId, deadlineMs, beganAtMs: 0 });

it('An execution that waited before the restart is watched again, once, for what has not ended', async () => {
	const wait = waitOf();
	const { context } = nextExecution([before(wait)], stored(wait));
	await watchFormerWaits(context);
	await watchFormerWaits(context);
	expect(jest.mocked(watchOf).mock.calls).toEqual([[context, wait, ['going-on']]]);
});

it.each<[string, (wait: StoredWait) => Parameters<typeof nextExecution>]>([
	['was deleted', (wait) => [[before(wait)], undefined]],
	['went on', (wait) => [[before(wait)], { ...stored(wait), waitTill: undefined }]],
	['uses another credential', (wait) => [[before(wait)], stored(wait, 'other')]],
	['may belong to another project', (wait) => [[before(wait)], stored(wait), '={{ $json.secret }}']],
	['began in this process', (wait) => [[{ ...before(wait), beganAtMs: Date.now() }], stored(wait)]],
	['is beyond its deadline', (wait) => [[{ ...before(wait), deadlineMs: Date.now() - 1 }], stored(wait)]],
])('An execution that %s is not', async (_what, given) => {
	await watchFormerWaits(nextExecution(...given(waitOf())).context);
	expect(watchOf).not.toHaveBeenCalled();
});

it('What n8n cannot read fails nothing', async () => {
	const { context, warn } = nextExecution([before(waitOf())], new Error('The database is away'));
	await watchFormerWaits(context);
	expect(warn).toHaveBeenCalledTimes(1);
});

it('The latest 100 that still wait are kept', () => {
	const { context, staticData } = nextExecution([{ ...before(waitOf()), deadlineMs: 0 }], undefined);
	const waits = Array.from({ length: 101 }, waitOf);
	for (const wait of waits) keepOpenWait(context, wait);
	const kept = staticData.openWaits as IDataObject[];
	expect(kept.map(({ executionId }) => executionId)).toEqual(
		waits.slice(1).map(({ executionId }) => executionId),
	);
	expect(JSON.stringify(kept)).not.toContain('hash');
});

it('An execution at the same time, which n8n gave static data without it, does not make n8n forget another', () => {
	const [first, second] = [waitOf(), waitOf()];
	keepOpenWait(nextExecution([], undefined).context, first);
	const { context, staticData } = nextExecution([], undefined);
	keepOpenWait(context, second);
	const kept = (staticData.openWaits as IDataObject[]).map(({ executionId }) => executionId);
	expect(kept.slice(-2)).toEqual([first.executionId, second.executionId]);
});
