/** How many agents wait for an answer from this process, by workflow. */
const openCalls = new Map<string, number>();

/** Notes that an agent waits for an answer of a workflow. @returns notes that it does not any more; may be called twice */
export function noteOpenCall(workflowId: string): () => void {
	openCalls.set(workflowId, (openCalls.get(workflowId) ?? 0) + 1);
	let isOpen = true;
	return () => {
		if (!isOpen) return;
		isOpen = false;
		const left = (openCalls.get(workflowId) ?? 1) - 1;
		if (left > 0) openCalls.set(workflowId, left);
		else openCalls.delete(workflowId);
	};
}

/** @returns whether an agent waits for an answer of a workflow, as far as this process knows */
export function hasOpenCall(workflowId: string): boolean {
	return openCalls.has(workflowId);
}
