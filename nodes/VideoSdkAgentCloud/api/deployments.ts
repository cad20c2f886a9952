import type { ListRequest } from './http/pagination';

/** All deployments, with a row for each tag of a deployment. */
export const DEPLOYMENTS: ListRequest = { path: ['ai', 'v1', 'ai-deployments'], idFields: ['id', 'tag'] };
