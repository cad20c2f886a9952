/** `npm run simulator [-- --port <number>]` */
import { parseArgs } from 'node:util';
import { onShutdown, PlainError, runMain } from '../n8n/processes';
import { COMMANDS, obey } from './commands';
import { peopleInLines, startSimulator } from './index';

const DEFAULT_PORT = '4780';

runMain(async () => {
	const { values } = parseArgs({ options: { port: { type: 'string', default: DEFAULT_PORT } } });
	const simulator = await startSimulator({
		port: Number(values.port),
		callBehaviour: { ringForMs: 1_000, talkMs: 3_000 },
		log: console.log,
	}).catch((error: Error) => {
		throw new PlainError(`${error.message}\nChoose another port: npm run simulator -- --port <number>`);
	});
	onShutdown(async () => await simulator.close());
	console.log(`Simulator of the VideoSDK API (nothing here costs money or leaves this machine)

  Base URL    ${simulator.url}
  API key     ${simulator.apiKey}
  Secret key  ${simulator.secret}

  Deployments to start: ddv_support (tags latest, v1), ddv_sales, ddv_campaign_01 to ddv_campaign_12
  Calls: from +15550102001 by rule_out_01, to any number. These people always do the same:
    ${peopleInLines().join('\n    ')}
  Type and press Enter:
    ${COMMANDS.join('\n    ')}
  Ctrl+C ends it.
`);
	obey(simulator, process.stdin, console.log);
	return await new Promise<never>(() => undefined);
});
