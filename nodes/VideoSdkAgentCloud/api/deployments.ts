import type { ListRequest } from './http/pagination';

/** All deployments: a row for each tag of one. */
export const DEPLOYMENTS: ListRequest = { path: ['ai', 'v1', 'ai-deployments'], idFields: ['id', 'tag'] };
