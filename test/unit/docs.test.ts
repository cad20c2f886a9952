import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(__dirname, '..', '..');
const pages = ['.', 'docs', 'docs/benchmarks'].flatMap((folder) =>
	readdirSync(join(root, folder))
		.filter((name) => name.endsWith('.md'))
		.map((name) => join(folder, name)),
);

it.each(pages)('the links and pictures of %s lead somewhere', (page) => {
	const text = readFileSync(join(root, page), 'utf8');
	const targets = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(
		([, link, source]) => link ?? source ?? '',
	);
	const missing = targets
		.filter((target) => !/^(https?:|#)/.test(target))
		.map((target) => target.replace(/#.*/, ''))
		.filter((target) => !existsSync(join(root, dirname(page), target)));
	expect(missing).toEqual([]);
});

it.each(pages)('the anchors of %s are headings of it', (page) => {
	const text = readFileSync(join(root, page), 'utf8');
	const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replace(/ /g, '-'),
	);
	const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
	for (const anchor of anchors) expect(headings).toContain(anchor);
});
