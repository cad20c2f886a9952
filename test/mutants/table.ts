/** A change of the code that a test must notice. */
export interface Mutant {
	/** Relative to the repository. */
	file: string;
	/** Occurs once in the file. */
	oldText: string;
	newText: string;
	/** What a user would lose. */
	loses: string;
	/** The test files that should catch it: beginnings of paths below test/. */
	tests: string[];
}

type Row = [oldText: string, newText: string, loses: string, ...tests: string[]];

const NODES = 'nodes/VideoSdkAgentCloud';

/** @param tests of the rows that name none */
const of = (file: string, tests: string[], rows: Row[]): Mutant[] =>
	rows.map(([oldText, newText, loses, ...own]) => ({
		file: file.startsWith('credentials') ? file : `${NODES}/${file}`,
		oldText,
		newText,
		loses,
		tests: own.length > 0 ? own : tests,
	}));

// prettier-ignore
const RUNNING = [
	...of(
		'actions/run/runItems.ts',
		['engine/model'],
		[
			['if (operation.complete === undefined || isTriedAgain(context, current, output))', 'if (operation.complete === undefined)', 'A second try reads the output of the first one as its input, and calls people without a name', 'engine/includeWait'],
			['if (input) data.main = input;', '', 'A try after a failed wait reads the output of the first one', 'engine/triedAgain', 'engine/waitForMany'],
			['throw stopError(context, error, outcomes, starts);', 'throw error;', 'Sessions that run and cost money are in no message'],
			['const pairedItem = { item: itemIndex };', 'const pairedItem = { item: 0 };', 'All items are paired with the first one', 'engine/items'],
			['if (first > 0) await runner.pause(batchIntervalMs);', '', 'All batches are called at once', 'engine/calls', 'engine/items'],
			['if (final) return final;', '', 'A try after the wait has begun starts sessions without their data', 'engine/triedAgain'],
		],
	),
	...of(
		'actions/run/runner.ts',
		['engine/model'],
		[
			['if (this.stopsOnFail) this.failure.abort();', '', 'After a rejected start all other people are called as well'],
			['if (this.isStopped) throw new NotSent();', '', 'What waited for its turn is started although a start has failed'],
			['if (failure !== undefined && isInDoubt(failure)) return undos;', 'if (failure !== undefined && isInDoubt(failure)) return [];', 'A room that may be in use stays open, and nobody is told'],
			['for (const undo of undos.reverse()) {', 'for (const undo of undos.slice(1)) {', 'The room of a start that failed stays open'],
			['leftOpen.push({ ...undo, reason });', '', 'A room that could not be closed is in no message', 'engine/sessionRoom'],
			['const onRateLimited = () => this.limit.slowDown();', 'const onRateLimited = () => undefined;', 'After "too many requests" as many are sent as before', 'engine/failures'],
		],
	),
	...of(
		'actions/run/tries.ts',
		['engine/triedAgain'],
		[
			['outcome?.records || outcome?.isInDoubt ?', 'outcome?.records ?', 'A start that may have been carried out is sent again: somebody is called twice', 'engine/model'],
			['outcome?.records || outcome?.isInDoubt ?', 'outcome?.isInDoubt ?', 'What an earlier try has started is started again', 'engine/model'],
			['if (isTool(context)) {', 'if (false) {', 'An agent calls somebody several times by Retry On Fail', 'engine/tool.test'],
		],
	),
	...of(
		'actions/run/outcome.ts',
		['engine/items'],
		[
			['(outcome.isInDoubt ? [itemIndex] : [])', '([])', 'A start that may have been carried out is in no message', 'engine/model'],
			['`The ${made} was created for the ${one} and couldn\'t be closed (${reason}). Please ${byHand}.`', "''", 'Nothing says what to do about a room that is still open', 'engine/sessionRoom'],
		],
	),
	...of(
		'actions/run/concurrency.ts',
		['unit/actions/concurrency'],
		[
			['this.followUps.shift() ?? this.firsts.shift()', 'this.firsts.shift() ?? this.followUps.shift()', 'All rooms are created before the first session starts'],
			['this.limit = Math.max(1, Math.floor(this.limit / 2));', '', 'The rate limit is hit again and again'],
			['while (this.inFlight < this.limit) {', 'while (this.inFlight < 1_000) {', 'Max Concurrency has no effect'],
			['this.limit = Math.min(this.maximum, this.limit + step);', '', 'Once slowed down, a node stays slow'],
		],
	),
	...of(
		'api/credential.ts',
		['engine/credential'],
		[
			['return (await isAsStored(context, first)) ? first : undefined;', 'return first;', "All rows are sent with the first row's credential, to another customer's project"],
			['if (this.reading === current) this.reading = undefined;', '', 'A credential that could not be read once fails for a minute', 'unit/webhook/verificationSettings'],
			['Date.now() >= this.readAtMs + maxAgeMs', 'false', 'A corrected credential never counts until n8n restarts', 'unit/webhook/verificationSettings'],
			['return `${credentialId(context)} ${context.getWorkflow().id}`;', "return '';", "One user's API decides about another user's events", 'engine/families', 'engine/triggerOptions', 'engine/triggerKeys'],
		],
	),
];

// prettier-ignore
const API = [
	...of(
		'api/retry.ts',
		['unit/api/retry'],
		[
			["(method !== 'POST' &&", '(true &&', 'A start is sent again after a time-out: somebody is called twice'],
			['isRateLimited ? MAX_ATTEMPTS_RATE_LIMITED : MAX_ATTEMPTS', 'isRateLimited ? Infinity : MAX_ATTEMPTS', 'Requests are sent without end'],
			['return failure.retryAfterMs ?? backoffMs', 'return backoffMs', "VideoSDK's Retry-After is ignored"],
		],
	),
	...of(
		'api/client.ts',
		['unit/api/client'],
		[
			['ignoreHttpStatusErrors: true,', '', 'n8n sends a start a second time after 401'],
			['attempts >= maxAttempts ? undefined :', '', 'A sender who waits for the answer waits through all retries'],
			['if (failure.status === 429) sending.onRateLimited?.();', '', 'Nobody slows down'],
			['response.body = withoutTokens(String(response.body));', 'response.body = String(response.body);', 'A token in an answer ends up in an error', 'unit/api/client'],
			["inTurn = async (send) => await send() } = sending;", "inTurn: _none } = sending;\n\tconst inTurn = async <R>(send: () => Promise<R>): Promise<R> => await send();", 'A thousand waiting executions ask the API at once', 'unit/waiting/poll'],
		],
	),
	...of(
		'api/failure.ts',
		['unit/api/failure'],
		[
			["text.replace(TOKEN, '…')", 'text', 'A message shows a token'],
			['&& !IN_USE.test(String(message))', '', 'A connection that broke in use counts as none, and the start is sent again'],
			["['answer', 'timeout', 'network', 'cancelled'].includes(failure.kind)", "['timeout', 'network', 'cancelled'].includes(failure.kind)", 'An answer that cannot be used counts as no start', 'unit/api/messages'],
			["const isQuotedWhole = kind === 'answer' && !holdsSecrets;", "const isQuotedWhole = kind === 'answer';", 'A message quotes passwords of gateways', 'engine/callLists'],
		],
	),
	...of(
		'api/pagination.ts',
		['unit/api/pagination'],
		[
			['return !seen.has(identity) && seen.add(identity);', 'return true;', 'A row comes twice when rows move while a list is read'],
			['const isLast = !hasMore && (newRecords.length === 0 || total === rowsSoFar || lastPage === number);', 'const isLast = rowCount < PAGE_SIZE;', 'Return All is silently short where the API keeps to smaller pages'],
			['rows: newRecords.filter((record) => isAsked(record, list.qs)),', 'rows: newRecords,', "Another customer's transcript, where the API ignores the filter", 'engine/recordings', 'engine/transcriptions'],
			['if (records.length >= limit) break;', '', 'A limit of 10 reads the whole list'],
			['for (const page of fetched) page.catch(() => undefined);', '', 'n8n stops because a page failed that nobody waited for'],
		],
	),
	...of(
		'api/endOnce.ts',
		['engine'],
		[
			['if (record !== undefined && isOver(record)) {', 'if (false) {', 'Hang Up fails after a cut connection although the call is over', 'engine/callFaults', 'engine/ends'],
			['checkNotDeclined(answer);', '', 'An end that VideoSDK declines is told as done', 'engine/ends', 'engine/waitFaults'],
			['return isRefused && requests === 1 ? { ...record, alreadyOver: true } : record;', 'return { ...record, alreadyOver: true };', 'A call that we ended is said to have been over before', 'engine/callFaults', 'engine/ends'],
		],
	),
	...of(
		'api/files.ts',
		['engine/recordings'],
		[
			['if (rejection !== undefined) {', 'if (rejection !== undefined && redirects === 0) {', 'A redirect leads n8n to addresses of its own network', 'unit/api/files'],
			['if (!STATUSES_WITH_FILE.includes(statusCode))', 'if (false)', 'An empty answer is stored as a recording', 'unit/api/files'],
			['if (WEB_PAGE_TYPES.includes(mediaType)) {', 'if (false) {', 'A login page is stored as a recording'],
			[".replace(/[\\p{Cc}\\p{Bidi_Control}]/gu, '')", '', 'A file that is a program shows as a film', 'unit/api/files', 'engine/recordings'],
			['if (announcedBytes > file.maxSizeMb * BYTES_PER_MB) reject(tooLarge(file, announcedBytes));', '', 'A file of 10 GB is fetched before it is found too large'],
		],
	),
	...of(
		'api/fileStream.ts',
		['engine/recordings'],
		[
			['if (received > limits.maxSizeMb * BYTES_PER_MB) throw tooLarge(limits);', '', 'A file without a length fills the disk'],
			['waitingSinceMs = undefined;', '', 'The time to store a chunk counts as silence of the sender', 'engine/recordings', 'unit/api/files'],
			['if (leftMs <= 0) return abort();', '', 'A host that falls silent stops the workflow for ever'],
		],
	),
	...of(
		'api/callWebhooks.ts',
		['unit/api/callWebhooks', 'engine/registration'],
		[
			["idOf(row) !== '' && !row.deletedAt", "idOf(row) !== ''", 'A trigger whose webhook was deleted counts as registered, and hears nothing'],
			['return URL.canParse(url) ? new URL(url).href : url;', 'return url;', 'Each publication registers one more where the API spells the URL otherwise'],
		],
	),
	...of('api/transcriptions.ts', ['unit/api/transcriptions'], [['const isOfRoom = (row: IDataObject) => row.roomId === roomId;', 'const isOfRoom = () => true;', "Another room's transcript"]]),
	...of('api/answer.ts', ['unit/api'], [['[answer.data, answer].find(', '[answer].find(', 'The ID of what was started is lost where the API wraps its answer']]),
	...of(
		'credentials/apiTarget.ts',
		['unit/credentials/apiTarget'],
		[
			['const isOfBase = url.protocol === base.protocol && url.host === base.host;', 'const isOfBase = true;', 'The token goes to any host'],
			["['http:', 'https:'].includes(url.protocol)", 'true', 'A Base URL of any kind is taken'],
		],
	),
	...of(
		'credentials/VideoSdkAgentCloudApi.credentials.ts',
		['unit/credentials/apiTarget'],
		[
			['disableFollowRedirect: true,', '', 'A redirect takes the token to another host'],
			['headers: { ...requestOptions.headers, Authorization: signToken(apiKey, secretKey) },', 'headers: { Authorization: signToken(apiKey, secretKey), ...requestOptions.headers },', "A caller's own header wins over the credential", 'engine/perItem'],
			["key: 'data.push',", "key: 'nothing',", 'The credential test is content with a login page', 'engine/credential'],
		],
	),
	...of('credentials/signToken.ts', ['unit/credentials/signToken'], [['iat: nowS - CLOCK_SKEW_S,', 'iat: nowS,', 'VideoSDK refuses tokens of an n8n whose clock runs ahead']]),
];

// prettier-ignore
const WAITING = [
	...of(
		'waiting/park.ts',
		['engine/waitForMany'],
		[
			['const isWaiting = new Set(waiting);', "const isWaiting = new Set(waiting);\n\tcontext.getWorkflowStaticData('node').openWaits = [1];", 'Cursors of other nodes, and lists of whom was called, are overwritten', 'engine/model'],
			['if (waiting.length === 0 || context.getExecutionCancelSignal()?.aborted) return items;', '', 'A node with nothing to wait for waits for hours'],
			['const source = await findSource(context, indexOf(item), credential(indexOf(item)));', 'const source = await findSource(context, 0, credential(0));', "Polls of all rows go to the first row's project", 'engine/includeWait'],
			['waiting.filter((item) => endsAtDeadline(indexOf(item)))', 'waiting.filter(() => endsAtDeadline(0))', 'Hang Up at Timeout of the first row decides for all', 'engine/perItem'],
			['const longestMs = Math.max(...waiting.map((item) => maxWaitMs(indexOf(item))));', 'const longestMs = maxWaitMs(0);', "The first row's Max Wait decides for all"],
		],
	),
	...of(
		'waiting/resume.ts',
		['engine/startAndWait', 'engine/waitForMany', 'engine/waitResume'],
		[
			['pairedItem: { item: index } };', 'pairedItem: { item: 0 } };', 'After a wait all items are paired with the first one', 'engine/waitForMany'],
			['if (!hasKey(wait, context.getHeaderData()[KEY_HEADER])) {', 'if (false) {', 'Anyone can resume a waiting execution'],
			['const delivery = await verifyDelivery(context, true,', 'const delivery = await verifyDelivery(context, false,', 'A forged end resumes the execution'],
			['if (waiting === undefined || news === undefined) {', 'if (waiting === undefined) {', "Another session's end resumes the execution", 'engine/includeWait'],
			['if (!poller.isReady) {', 'if (false) {', 'The first end of many resumes the execution', 'engine/waitForMany'],
			['if (finish === undefined) return false;', '', 'The nodes after the wait run twice'],
			['if (!wasAccepted) return;', '', 'An end that n8n could not act on is known at the deadline only', 'engine/waitResume'],
			["if (one === undefined || 'error' in one) return carried;", "if (one === undefined || 'error' in one) return undefined;", 'In queue mode someone who answered comes out as not answered while the API is slow', 'engine/includeWait'],
			['isStale ? carried :', '', 'In queue mode a call that is over comes out as running', 'engine/outcomes'],
		],
	),
	...of(
		'waiting/poll.ts',
		['unit/waiting/poll', 'engine/ends', 'engine/waitResume'],
		[
			['if (isTimeUp && this.isOwner && !this.isOver) {', 'if (isTimeUp && !this.isOver) {', 'A process that only heard of a wait ends its calls', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
			['if (this.ends.isInDoubt) return Math.max(0, Math.min(CONFIRM_INTERVAL_MS, this.remainingMs));', 'if (this.ends.isInDoubt) return 0;', 'Three quick "not found" of a failing API end the wait', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
			['this.onStop();', '', 'Contexts of executions are kept in memory for ever', 'unit/waiting'],
			[': { untilMs: this.wait.deadlineMs };', ': {};', 'Nothing is hung up at the deadline because a poll still waits for its retry'],
			["if (only && 'error' in found) continue;", '', 'An event that is ahead of the API makes a call not found'],
			['warnCredentialRejected(this.context, this.wait, error.message);', '', 'A rejected key lets all calls come out as timed out without a word in the log', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
		],
	),
	...of(
		'waiting/ends.ts',
		['unit/waiting/poll', 'engine/ends', 'engine/waitResume'],
		[
			['const MAX_NOT_FOUND = 3;', 'const MAX_NOT_FOUND = 1;', 'One "not found" ends the wait while the call goes on'],
			["if ('record' in found) {\n\t\t\tthis.notFound.delete(id);", "if ('record' in found) {", 'Rejections add up although the API showed the session in between'],
			['|| this.ending.has(id)) return false;', ') return false;', 'A session that we ended comes out as ended by itself', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
			['if (!found.isUnknown || event !== undefined) {', 'if (event !== undefined) {', 'A rejected key ends the wait, and Hang Up at Timeout is forgotten'],
			['extra: { status: event, event }', 'extra: { event }', 'A session whose end an event told comes out as running', 'engine/includeWait'],
			['if ((record?.status ?? extra.status) && describe(item).answered !== true) delete last.timelog;', '', 'Someone who answered counts as not answered where the record has no timelog'],
		],
	),
	...of(
		'waiting/fetchMany.ts',
		['unit/waiting/poll', 'engine/waitForMany', 'engine/ends'],
		[
			['await Promise.all(open.map(fetchOne));', '', 'A list that fails makes a batch come out as timed out'],
			['if (missing.length > 0) {', 'if (false) {', 'Where a call cannot be fetched by its ID, the wait never ends'],
			['for (const row of hits) found.set(', 'if (poorPages > 99) for (const row of hits) found.set(', 'What page 1 shows is thrown away', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
			['Math.floor(ids.length / IDS_PER_POOR_PAGE)', '0', 'Where the list begins with the oldest, each poll sends one request for each call'],
			['isWhole && isNotFound', 'isNotFound', 'A session far down in the list is given up, and not ended at the deadline', 'engine/waitFaults'],
			['return nextPage === undefined;', 'return false;', "A wait for a session that doesn't exist never ends in a project with more than 250 sessions", 'engine/waitFaults'],
			['const start = (round * MAX_WITHOUT_LIST) % open.length;', 'const start = 0;', 'Beyond 20, nobody is asked for while the list fails', 'unit/waiting', 'engine/waitForMany', 'engine/ends'],
		],
	),
	...of(
		'waiting/endAtDeadline.ts',
		['unit/waiting/poll'],
		[
			['const outcome = toEnd.has(id)', 'const outcome = true', 'All calls are hung up at the deadline, wanted or not'],
			['const endError = (error as Error).message;', "const endError = '';", 'Nothing says why a call could not be hung up'],
			['{ record, extra: { timedOut: true, [endedField]: false, endError } };', '{ record, extra: { timedOut: true, [endedField]: true } };', 'A call that goes on is said to have been hung up'],
			['const send = source.sender({ untilMs });', 'const send = source.sender({ maxAttempts: 1, untilMs });', 'Calls go on that could not be hung up all at once'],
			['...longerTimelog(last, answer)', '', 'Someone who was talking when the call was hung up counts as not answered', 'engine/outcomes'],
		],
	),
	...of(
		'waiting/schedule.ts',
		['unit/waiting/poll', 'engine/waitResume'],
		[
			['return GRACE_MS + GRACE_MS_PER_ITEM * itemCount;', 'return 0;', "n8n's own deadline comes before our last poll, and ended calls come out as timed out"],
			['LONGEST_INTERVAL_MS, remainingMs),', 'LONGEST_INTERVAL_MS),', 'The last poll comes half an hour after the deadline'],
		],
	),
	...of(
		'waiting/notify.ts',
		['unit/waiting/notify'],
		[
			['notReached: 100,', 'notReached: 10,', 'After half an hour without n8n the call comes out as timed out'],
			['failed: 10,', 'failed: 2,', 'After a minute without its database n8n never resumes'],
			['if (code === undefined || message === undefined) return', 'if (false) return', 'A login in front of n8n ends the wait after minutes'],
			["if (trouble !== 'busy' && (tries[trouble] === 1 || isLast))", 'if (false)', 'Nobody is told that an execution cannot be resumed'],
			['Buffer.byteLength(text) <= MAX_BODY_BYTES', 'true', 'A proxy refuses the request that ends the wait for a thousand calls', 'unit/waiting/poll'],
		],
	),
	...of(
		'waiting/parts.ts',
		['engine/includeWait'],
		[
			["one.open = TALKED.includes(", "one.open = !extra.timedOut && TALKED.includes(", 'What was said in a call that was hung up at the deadline is never waited for'],
		],
	),
	...of(
		'api/conversation.ts',
		['unit/api/conversation'],
		[
			['else place.isUnlisted = true;', '', "Another conversation's transcript is put out if the room's sessions can't be listed"],
		],
	),
	...of(
		'api/place.ts',
		['unit/api/conversation'],
		[
			['if (rowSessionId && (own.size > 0 || others.has(rowSessionId))) return own.has(rowSessionId);', '', "Another conversation's transcript is put out"],
			['(own.size > 0 || others.has(rowSessionId))', 'own.size > 0', "A later conversation's transcript is put out while the room session is not listed"],
			['if (possible.length === 1) return later;', '', 'What was said is missing where a room is left late, or a clock is off'],
			['return commonMs >= Math.min(endMs - startMs, untilMs - sinceMs) / 2;', 'return commonMs >= 0;', "What the person before said is put out, who was still in the room when the session began"],
			['return startMs >= sinceMs &&', 'return !(startMs < sinceMs) &&', "Another conversation's transcript is put out that tells no time"],
			['if (Number.isNaN(place.sinceMs)) return [];', '', "What someone else said in the room is put out for a call that tells no time"],
			["!(startMs > untilMs + LATEST_START_MS)", 'true', "A later call's transcript that names no session is put out"],
		],
	),
	...of(
		'fields/readAgentTools.ts',
		['engine/tools.test'],
		[
			["String(value ?? '').trim() === ''", 'value === undefined', "A blank cell pins an empty customer number, and a tool shows everyone's data"],
			['checkPinned(read, urls, pairs);', '', "An agent's tools work without the customer's number, or half a list is called before one is too long"],
		],
	),
	...of(
		'fields/recording.ts',
		['engine/badInput'],
		[
			['if (read.isBlankExpression(recordingField)) read.required(recordingField);', '', 'A call that was to be recorded is not'],
		],
	),
	...of(
		'trigger/receive.ts',
		['engine/triggerRepeats'],
		[
			['if (isForStore) recentDeliveries.forget(key);', '', 'In queue mode someone who joins again is missed'],
			['wanted.skipDuplicates && isIdentified(event) &&', 'wanted.skipDuplicates &&', 'Of two sessions whose events name none, one is missed'],
		],
	),
	...of(
		'actions/agent/answerTool.operation.ts',
		['engine/tools.test'],
		[
			['json.answer ?? json.error ?? null', 'json.answer', 'The agent can read no answer when the workflow fails at it'],
		],
	),
	...of(
		'waiting/storedWait.ts',
		['engine/startAndWait', 'engine/waitResume', 'engine/waitForMany'],
		[
			["typeof key === 'string' && timingSafeEqual(Buffer.from(hashOf(key)), Buffer.from(keyHash))", "typeof key === 'string'", 'A request for one wait resumes another one'],
			[".replaceAll('{', '\\\\u007b').replaceAll('}', '\\\\u007d')", '', 'A node whose name holds braces never goes on', 'engine/waitResume'],
		],
	),
	...of(
		'waiting/credentialSource.ts',
		['engine/credential', 'engine/waitForMany', 'unit/waiting'],
		[
			['error.message.includes(NOT_RESOLVED) ? this.last', 'true ? this.last', "A deleted credential's last values go on being used", 'unit/waiting', 'engine/waitForMany', 'engine/credential'],
			['this.context = withoutStop(context);', 'this.context = context;', 'Stopping one execution makes the waits of all others deaf', 'engine/waitFaults'],
			['const MAX_AGE_MS = 1_000;', 'const MAX_AGE_MS = 60_000;', 'A corrected key counts a minute late for waiting executions', 'unit/waiting', 'engine/waitForMany', 'engine/credential'],
		],
	),
];

// prettier-ignore
const TRIGGER = [
	...of(
		'webhook/verify.ts',
		['unit/webhook/verify'],
		[
			["return verify('RSA-SHA256', rawBody, key, Buffer.from(signature, 'base64'));", 'return true;', 'Anyone can start the workflow'],
			['bits >= MIN_KEY_BITS ?', 'true ?', 'A key that can be broken is taken'],
			["|| text.includes('PRIVATE KEY')) return undefined;", ') return undefined;', 'A private key is accepted in a field that others can read'],
		],
	),
	...of(
		'webhook/delivery.ts',
		['engine/trigger.test', 'unit/webhook/verify'],
		[
			['if (isSignedWith(rawBody, signature, key)) return undefined;', 'if (isSignedWith(Buffer.from(JSON.stringify(JSON.parse(rawBody.toString()))), signature, key)) return undefined;', 'Events whose JSON is spelled another way are rejected', 'engine/trigger'],
			['pinnedKey ? [pinnedKey] : publishedKeys(context, baseUrl)', 'publishedKeys(context, baseUrl)', "The user's own key has no effect", 'engine/triggerKeys', 'engine/trigger'],
			['const rejection = isVerified ? await verifySignature', 'const rejection = !isVerified ? await verifySignature', 'Forged events start the workflow'],
		],
	),
	...of('webhook/verificationSettings.ts', ['unit/webhook/verificationSettings'], [["...(secret !== '' && { contextKey: contextKey(secret) }),", 'contextKey: contextKey(secret),', 'With an empty secret anyone can sign a context']]),
	...of(
		'webhook/keyCache.ts',
		['unit/webhook/keyCache', 'engine/triggerKeys'],
		[
			['if (entry.key !== undefined && entry.key !== key) yield entry.key;', '', 'After a change of keys events are lost'],
			['if (Date.now() < entry.nextFetchAtMs) return;', '', 'Each forged delivery makes a request to VideoSDK'],
			['published.getOrSet(`${credentialId(context)} ${baseUrl}`', 'published.getOrSet(`${baseUrl}`', "What one user enters decides what another user's workflows accept"],
			['else if (ageMs > REFRESH_AGE_MS) void fetchAgain();', '', 'A withdrawn key is accepted for an hour'],
			['if (entry.key === undefined || ageMs > MAX_KEY_AGE_MS) await fetchAgain();', 'if (entry.key === undefined) await fetchAgain();', 'A withdrawn key is accepted by a trigger that hears little'],
		],
	),
	...of(
		'webhook/context.ts',
		['unit/webhook/context'],
		[
			['if (!timingSafeEqual(Buffer.from(signature), expected)) return undefined;', '', 'Anyone can choose the context of an event'],
			['update(`n8n context ${text}`)', 'update(text)', 'A token passes for a context'],
		],
	),
	...of(
		'webhook/recentDeliveries.ts',
		['unit/webhook/recentDeliveries'],
		[
			['if (outcome === true || (await outcome)) return undefined;', 'if (outcome !== undefined) return undefined;', 'An event is lost if the first delivery could not be stored'],
			['if (wasAccepted) this.outcomes.set(key, true);', 'if (true) this.outcomes.set(key, true);', 'An event counts as received although n8n failed'],
			['finish(response.writableFinished && response.statusCode === 200);', 'finish(true);', 'A delivery that n8n answered with 500 is never taken again', 'engine/families', 'engine/trigger'],
		],
	),
	...of(
		'webhook/eventIdentity.ts',
		['unit/webhook/event', 'unit/webhook/families'],
		[
			["callId: ['call-started',", "callId: ['call-update', 'call-started',", 'All updates of a call but the first are dropped'],
			['Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1))', 'Object.entries(member)', 'The same event in two spellings starts the workflow twice'],
			["participant: ['participant-joined', 'participant-left'],", 'participant: [],', 'A participant who comes back is taken for a duplicate', 'engine/triggerRepeats'],
		],
	),
	...of(
		'webhook/event.ts',
		['unit/webhook/event'],
		[
			["content.sessionId?.replace(EVENT_PREFIX, '') ?? '';", "content.sessionId ?? '';", 'The ID of an event fits no session'],
			['return !isOther && isSummary(body) ? body : undefined;', 'return undefined;', 'The summary of a call comes out empty', 'unit/webhook/families'],
		],
	),
	...of(
		'webhook/warnSparingly.ts',
		['unit/webhook/warnSparingly', 'engine/triggerLog'],
		[
			['const key = `${workflow.id}:${id}:${matter}`;', 'const key = `${workflow.id}:${id}`;', 'Warnings of one matter silence those of others'],
			['if (!isQuiet) warnedAtMs.set(key, nowMs);', '', 'Anyone who knows the URL can fill the log'],
		],
	),
	...of(
		'webhook/address.ts',
		['unit/webhook/address', 'engine/recordings'],
		[
			['if (!isPublicHost(url))', 'if (false)', 'A file address leads n8n to services of its own network'],
			["address.range() === 'unicast'", 'true', 'A private address counts as one of the internet'],
		],
	),
	...of(
		'trigger/firstExecution.ts',
		['engine/triggerOptions', 'engine/triggerRepeats'],
		[
			['const turn = lastTurn.then(use);', 'const turn = use();', 'Of two executions at once one loses its mark, and its duplicate runs'],
			["['manual', 'retry'].includes(context.getMode())", "['manual'].includes(context.getMode())", 'A retried execution does nothing'],
			['const execution = `${event.eventId}:${executionId}`;', 'const execution = event.eventId;', 'An execution that a worker lost is a duplicate of itself'],
			['.slice(-MAX_RECORDED_AGAIN);', '.slice(-1);', 'Marks that another process overwrote are lost', 'engine/triggerOptions'],
			['return isAgain || !wasAccepted(node, marks);', 'return true;', 'Without the database every duplicate runs'],
		],
	),
	...of(
		'trigger/filter.ts',
		['engine/families', 'engine/triggerOptions'],
		[
			['if (found === undefined) return { isWanted: true, record };', 'if (found === undefined) return { isWanted: false, record };', 'An event is lost when its session cannot be fetched'],
			['remembered.set(key, found);', '', 'Each event of a session costs a request', 'engine/triggerOptions'],
			['firstText(deploymentId)', 'deploymentId as string', 'A blank deployment in an event drops it'],
		],
	),
	...of(
		'trigger/registration.ts',
		['engine/registration'],
		[
			['for (const { id } of own.filter((webhook) => webhook !== kept)) await deleteCallWebhook(send, id);', '', 'Surplus registrations deliver each event twice'],
			['const webhook = kept ?? (await createCallWebhook(send, registrant.url, registrant.events));', 'const webhook = await createCallWebhook(send, registrant.url, registrant.events);', 'Each start of n8n registers one more'],
			['if (isSameKey || baseUrl === account.baseUrl) {', 'if (true) {', 'A new key is sent to the former host'],
			['if (isUnreachableFrom(registrant, account)) {\n\t\tthrow', 'if (false) {\n\t\tthrow', 'A trigger that VideoSDK cannot reach looks published'],
			['if (own === undefined && isTakenByAnother(context, registrant.url)) return;', '', 'An imported copy that n8n 1.x refuses to publish takes the original off the air'],
		],
	),
	...of(
		'trigger/ownership.ts',
		['engine/registration'],
		[
			['registration.workflowId === registrant.workflowId &&', '', "Publishing a copy deletes the original's registration"],
			['originOf(registration.url) === originOf(registrant.url)', 'true', "A clone of n8n deletes the original's registration"],
		],
	),
];

// prettier-ignore
const OPERATIONS = [
	...of(
		'tools/token.ts',
		['unit/tools/token'],
		[
			['if (access.expiresAtS * 1000 <= nowMs)', 'if (false)', 'An agent may use a tool for ever'],
			["if (access.path !== toolPath(url)) return { rejected: 'tool' };", '', 'Access to one tool opens all others'],
			['const access = isGenuine ? readPayload(payload) : undefined;', 'const access = readPayload(payload);', 'An agent can choose the context that the user pinned'],
		],
	),
	...of(
		'actions/session/waitForStatus.operation.ts',
		['unit/actions/waitForStatus'],
		[
			['(session === undefined && Date.now() >= deadlineMs)', '(Date.now() >= deadlineMs)', 'A 500 at the deadline fails the node though the session is known'],
			['await pause(Math.min(pollIntervalMs, remainingMs), stopSignal);', 'await pause(pollIntervalMs, stopSignal);', 'The last poll comes after the deadline'],
		],
	),
	...of('actions/call/getAll.operation.ts', ['engine/calls'], [['&& !isAfter(call, endDate)', '', 'Calls after End Date are in the list']]),
	...of(
		'actions/transcription/get.operation.ts',
		['engine/transcriptions'],
		[
			['return room.summary !== true;', 'return true;', 'The summary is missing although it was waited for'],
			['if (isTimeUp || room.transcription === false) {', 'if (true) {', 'Wait Until Ready gives up at once'],
		],
	),
	...of(
		'lists/tags.ts',
		['unit/lists/tags'],
		[
			["id === deploymentId && typeof tag === 'string'", "typeof tag === 'string'", "The list shows other deployments' tags"],
			["(a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }),", '', 'v10 comes before v2'],
		],
	),
];

export const MUTANTS: Mutant[] = [...RUNNING, ...API, ...WAITING, ...TRIGGER, ...OPERATIONS];
