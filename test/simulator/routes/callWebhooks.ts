import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { CallWebhooks, SimulatedCallWebhook } from '../state/callWebhooks';
import { ApiError } from '../validate';
import { page } from './pages';

const PATH = '/v2/sip/webhooks';

/** The account's webhooks for the events of calls. */
export function callWebhookRoutes(app: FastifyInstance, webhooks: CallWebhooks): void {
	const shown = ({ id, url, events, createdAt, updatedAt }: SimulatedCallWebhook): object => ({
		id,
		url,
		events,
		createdAt,
		updatedAt,
	});
	app.post<Call<Pick<SimulatedCallWebhook, 'url' | 'events'>>>(PATH, (request) => {
		const { url, events } = request.body;
		const webhook = webhooks.add(url, events);
		request.note = `call webhook ${webhook.id} created`;
		return shown(webhook);
	});
	app.get<Call>(PATH, (request) => {
		const { search = '' } = request.query;
		const wanted = webhooks.active().filter(({ url }) => url.includes(search));
		return page(request, wanted.map(shown));
	});
	app.delete<Call>(`${PATH}/:id`, (request) => {
		const webhook = webhooks.get(request.params.id);
		if (!webhook) throw new ApiError(404, 'Webhook not found');
		webhook.deletedAt = new Date().toISOString();
		request.note = `call webhook ${webhook.id} deleted`;
		return { message: 'Webhook deleted successfully' };
	});
}
