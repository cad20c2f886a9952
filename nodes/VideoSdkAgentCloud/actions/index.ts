import { account } from './account';
import { agent } from './agent';
import { call } from './call';
import { deployment } from './deployment';
import type { Resource } from './operation';
import { recording } from './recording';
import { room } from './room';
import { session } from './session';
import { tool } from './tool';
import { transcription } from './transcription';

/** In alphabetical order of their names, as the editor shows them. */
export const RESOURCES: Resource[] = [
	account,
	agent,
	tool,
	call,
	deployment,
	recording,
	room,
	session,
	transcription,
];
