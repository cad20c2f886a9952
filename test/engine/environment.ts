/** To be imported before n8n-core, which reads these when it is loaded. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of this test file; gone when it ends. */
export const workFolder = mkdtempSync(join(realpathSync(tmpdir()), 'videosdk-engine-'));

process.env.N8N_USER_FOLDER = workFolder;
process.env.N8N_ENCRYPTION_KEY = 'engine-tests-only';
process.env.N8N_LOG_LEVEL = 'silent';

afterAll(() => rmSync(workFolder, { recursive: true, force: true }));
