/** `npm run reference`: writes docs/reference.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePage } from './referencePage';

writeFileSync(join(__dirname, '..', 'docs', 'reference.md'), referencePage());
