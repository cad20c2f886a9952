/** To be imported before n8n-core, which reads these when its services are made: anew for each test file. */
import { Container } from '@n8n/di';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of this test file; gone when it ends. */
export const workFolder = mkdtempSync(join(realpathSync(tmpdir()), 'videosdk-engine-'));

process.env.N8N_USER_FOLDER = workFolder;
process.env.N8N_ENCRYPTION_KEY = 'engine-tests-only';
process.env.N8N_LOG_LEVEL = 'silent';
// n8n's modules are loaded once for all files of a worker.
Container.reset();

afterAll(() => rmSync(workFolder, { recursive: true, force: true }));
